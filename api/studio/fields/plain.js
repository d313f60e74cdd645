/** Texts, switches, and whatever else is typed. */

import { read } from "../api.js";
import { freshId, h } from "../dom.js";
import { namesOf } from "./names.js";
import { json, numbers, scalars } from "./written.js";

const LONG_TEXT = 500;

/**
 * A text; a long one gets several lines.
 *
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function textControl(field, setting) {
  const isLong = (field.maxLength ?? 0) > LONG_TEXT;
  const box = h(isLong ? "textarea" : "input", {
    id: setting.id,
    name: field.name,
    rows: isLong ? 4 : null,
    maxlength: field.maxLength,
    placeholder: field.example,
    spellcheck: isLong ? "true" : "false",
    autocomplete: "off",
    "aria-describedby": setting.help,
    oninput: setting.changed,
  });
  box.value = field.fallback ?? "";
  return {
    element: box,
    read: () => (box.value === (field.fallback ?? "") ? undefined : box.value),
    write: (value) => {
      box.value = value ?? field.fallback ?? "";
    },
  };
}

/**
 * A switch.
 *
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function switchControl(field, setting) {
  let isSaid = false;
  const box = h("input", {
    type: "checkbox",
    class: "switch",
    id: setting.id,
    name: field.name,
    "aria-describedby": setting.help,
    onchange: () => {
      isSaid = true;
      setting.changed();
    },
  });
  box.checked = field.fallback === true;
  return {
    element: box,
    read: () => (isSaid ? box.checked : undefined),
    write: (value) => {
      isSaid = typeof value === "boolean";
      box.checked = isSaid ? value : field.fallback === true;
    },
  };
}

/**
 * A number or a word, such as a class by index or by name, or a direction; the model knows which.
 * Where several can be said, commas stand between them.
 *
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function scalarControl(field, setting) {
  const known = h("datalist", { id: freshId("known") });
  const box = h("input", {
    type: "text",
    id: setting.id,
    name: field.name,
    list: known.id,
    placeholder: String(field.fallback ?? "auto"),
    autocomplete: "off",
    "aria-describedby": setting.help,
    oninput: setting.changed,
    onfocus: () => offer(),
  });
  let offered = "";

  async function offer() {
    const model = setting.model();
    if (!model || offered === model.url) return;
    offered = model.url;
    const isClass = field.name.includes("class");
    const names = isClass ? namesOf(await read(model.url), "class_list") : namesOf(model, "concepts");
    known.replaceChildren(...names.map((name) => h("option", { value: name })));
  }

  return {
    element: h("div", {}, box, known),
    read: () => scalars(box.value, field.takesList),
    write: (value) => {
      const isSilent = value === undefined || value === field.fallback;
      box.value = isSilent ? "" : [value].flat().join(", ");
    },
  };
}

/**
 * Several numbers in one box.
 *
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function numbersControl(field, setting) {
  const box = h("input", {
    type: "text",
    id: setting.id,
    name: field.name,
    placeholder: "auto, or numbers with commas",
    autocomplete: "off",
    "aria-describedby": setting.help,
    oninput: setting.changed,
  });
  return {
    element: box,
    read: () => numbers(box.value),
    write: (value) => {
      box.value = Array.isArray(value) ? value.join(", ") : "";
    },
  };
}

/**
 * What has no control of its own, as JSON. Text that is none goes out as it is, for the service to
 * say what is wrong with it.
 *
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function jsonControl(field, setting) {
  const box = h("textarea", {
    id: setting.id,
    name: field.name,
    class: "code",
    rows: 2,
    placeholder: field.example === undefined ? "JSON" : JSON.stringify(field.example),
    spellcheck: "false",
    "aria-describedby": setting.help,
    oninput: setting.changed,
  });
  return {
    element: box,
    read: () => json(box.value),
    write: (value) => {
      const isSilent = value === undefined || value === null;
      box.value = isSilent ? "" : JSON.stringify(value);
    },
  };
}
