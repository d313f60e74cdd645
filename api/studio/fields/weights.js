/** {name: weight}: layers of a network or concepts of a model, each with a slider. */

import { freshId, h } from "../dom.js";
import { figure } from "../format.js";
import { icon } from "../icons.js";
import { namesOf } from "./names.js";
import { fill } from "./slider.js";
import { asWeights, json } from "./written.js";

const WIDEST = 3; // a slider's reach where the bounds are far beyond what anybody wants
const FAR = 5;
const GRAINS = 120; // of a slider, so that weights come out round

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function weightsControl(field, setting) {
  /** @type {Map<string, number>} */
  let weights = new Map();
  const rows = h("div", { class: "weights" });
  const adder = h("select", { "aria-label": `Add to ${field.title}`, onchange: () => add() });
  const text = h("textarea", {
    class: "code",
    rows: 2,
    name: field.name,
    spellcheck: "false",
    "aria-label": `${field.title} as JSON`,
    placeholder: field.example ? JSON.stringify(field.example) : "{}",
    oninput: () => takeText(),
  });
  const isShort = () => !isOfLayers(field) && candidates(field, setting.model()).length > 0;

  function add() {
    if (!adder.value) return;
    weights.set(adder.value, field.min !== undefined && field.min > 1 ? field.min : 1);
    const name = adder.value;
    said();
    draw();
    rows.querySelector(`[data-name="${CSS.escape(name)}"]`)?.querySelector("input")?.focus();
  }

  function takeText() {
    try {
      weights = new Map(Object.entries(asWeights(JSON.parse(text.value || "{}"))));
      draw();
    } catch {
      // half typed; what is said last counts when it can be read, and is sent as it is otherwise
    }
    setting.changed();
  }

  function said() {
    text.value = weights.size ? JSON.stringify(Object.fromEntries(weights)) : "";
    setting.changed();
  }

  function draw() {
    const names = candidates(field, setting.model());
    const all = isShort() ? [...new Set([...names, ...weights.keys()])] : [...weights.keys()];
    rows.replaceChildren(...all.map((name) => row(name)));
    const left = names.filter((name) => !weights.has(name));
    const word = isOfLayers(field) ? "Add a layer …" : "Add …";
    const options = left.map((name) => h("option", { value: name }, name));
    adder.replaceChildren(h("option", { value: "" }, word), ...options);
    adder.parentElement?.toggleAttribute("hidden", isShort() || left.length === 0);
  }

  /** @param {string} name */
  function row(name) {
    const id = freshId("weight");
    const reach = reachOf(field);
    const value = weights.get(name) ?? 0;
    const slider = h("input", {
      type: "range",
      id,
      min: reach.min,
      max: reach.max,
      step: "any",
      oninput: () => change(slider.valueAsNumber),
    });
    const output = h("output", { for: id }, figure(value));
    const change = (/** @type {number} */ place) => {
      const grain = (reach.max - reach.min) / GRAINS;
      const weight = Number((grain * Math.round(place / grain)).toPrecision(3));
      const isNothing = weight === 0 && isShort();
      if (isNothing) weights.delete(name);
      else weights.set(name, weight);
      output.textContent = figure(weight);
      fill(slider);
      said();
    };
    slider.valueAsNumber = value;
    fill(slider);
    const remove = h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": `Remove ${name}`,
        onclick: () => {
          weights.delete(name);
          said();
          draw();
        },
      },
      icon("close"),
    );
    const parts = [h("label", { for: id }, isShort() ? name.replaceAll("_", " ") : name), slider, output, !isShort() && remove];
    const look = isShort() ? "weight short" : "weight";
    return h("div", { class: look, "data-name": name }, ...parts);
  }

  const element = h(
    "div",
    {},
    rows,
    h("div", { class: "select" }, adder),
    h("details", { class: "as-text" }, h("summary", {}, "As JSON"), text),
  );
  draw();
  return {
    isGroup: true,
    element,
    read: () => json(text.value),
    write: (value) => {
      weights = new Map(Object.entries(asWeights(value)));
      draw();
      said();
    },
    modelChanged: draw,
  };
}

/** @param {import("./controls.js").Field} field */
function isOfLayers(field) {
  return field.name.includes("layer");
}

/**
 * Returns the names that a model offers for a field: its layers, or what it lists under the field's
 * own name.
 *
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Model|undefined} model
 */
function candidates(field, model) {
  if (!isOfLayers(field)) return namesOf(model, field.name);
  return namesOf(model, "layers").filter((name) => name !== "logits");
}

/** @param {import("./controls.js").Field} field */
function reachOf({ min = -WIDEST, max = WIDEST }) {
  return { min: min < -FAR ? -WIDEST : min, max: max > FAR ? WIDEST : max };
}
