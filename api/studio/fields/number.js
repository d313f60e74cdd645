/** A number: a box and, where it has both bounds, a slider. */

import { h } from "../dom.js";
import { figure } from "../format.js";
import { scaleOf } from "../scale.js";
import { fill } from "./slider.js";

const STEPS = 1000;

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function numberControl(field, setting) {
  let isSaid = false;
  let silent = field.fallback;
  const box = h("input", {
    type: "number",
    id: setting.id,
    name: field.name,
    min: field.min,
    max: field.max,
    step: field.integer ? 1 : "any",
    inputmode: field.integer ? "numeric" : "decimal",
    "aria-describedby": setting.help,
    oninput: () => say(),
  });
  const scale = scaleFor(field);
  const slider = scale && sliderFor(field, scale, (value) => {
    box.value = String(value);
    say(true);
  });

  /** @param {boolean} [bySlider] */
  function say(bySlider = false) {
    isSaid = true;
    if (!bySlider) place();
    setting.changed();
  }

  function place() {
    const value = box.value === "" ? (silent ?? field.example) : Number(box.value);
    slider?.show(typeof value === "number" ? value : undefined, box.value === "");
  }

  function rest() {
    isSaid = false;
    box.value = typeof silent === "number" ? String(silent) : "";
    box.placeholder = typeof silent === "number" ? "" : "auto";
    place();
  }

  rest();
  return {
    element: h("div", { class: slider ? "measure" : "measure plain" }, slider?.element, box),
    read: () => (isSaid && box.value !== "" ? Number(box.value) : undefined),
    write: (value) => {
      if (typeof value !== "number") return rest();
      isSaid = true;
      box.value = String(value);
      place();
    },
    suggest: (value) => {
      silent = value;
      if (!isSaid) rest();
    },
  };
}

/** @param {import("./controls.js").Field} field */
function scaleFor({ min, max, integer, openMin, fallback, example }) {
  if (min === undefined || max === undefined) return null;
  return scaleOf({ min, max, integer, openMin, anchor: fallback ?? example });
}

/**
 * @param {import("./controls.js").Field} field
 * @param {import("../scale.js").Scale} scale
 * @param {(value: number) => void} chosen
 */
function sliderFor(field, scale, chosen) {
  const range = h("input", {
    type: "range",
    min: 0,
    max: STEPS,
    "aria-label": `${field.title}, slider`,
    oninput: () => {
      const value = scale.value(range.valueAsNumber / STEPS);
      label(value);
      chosen(value);
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => jump(event),
  });

  /** @param {number} value */
  function label(value) {
    range.setAttribute("aria-valuetext", `${figure(value)}${field.unit ? ` ${field.unit}` : ""}`);
    fill(range);
  }

  /**
   * Arrow keys go on until the value differs, however flat the scale is there.
   *
   * @param {KeyboardEvent} event
   */
  function jump(event) {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const before = scale.value(range.valueAsNumber / STEPS);
    let place = range.valueAsNumber + way * (STEPS / 100);
    while (place > 0 && place < STEPS && scale.value(place / STEPS) === before) place += way;
    range.valueAsNumber = place;
    range.dispatchEvent(new Event("input"));
  }

  return {
    element: range,
    /**
     * @param {number|undefined} value
     * @param {boolean} isAuto
     */
    show(value, isAuto) {
      range.valueAsNumber = Math.round(STEPS * scale.place(value ?? field.min ?? 0));
      label(value ?? field.min ?? 0);
      if (isAuto) range.setAttribute("aria-valuetext", "auto");
      range.classList.toggle("auto", isAuto);
    },
  };
}
