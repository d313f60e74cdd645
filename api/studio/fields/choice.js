/** One of a few words: a list to select from, or buttons side by side for presets. */

import { h } from "../dom.js";
import { titled } from "../format.js";

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function choiceControl(field, setting) {
  return field.name === "preset" ? buttons(field, setting) : list(field, setting);
}

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
function list(field, setting) {
  let isSaid = false;
  const select = h(
    "select",
    {
      id: setting.id,
      name: field.name,
      "aria-describedby": setting.help,
      onchange: () => {
        isSaid = select.value !== "";
        setting.changed();
      },
    },
    field.fallback === null && h("option", { value: "" }, field.required ? "choose …" : "auto"),
    ...field.choices.map((choice) => h("option", { value: choice }, choice)),
  );
  let silent = field.fallback;
  const rest = () => {
    isSaid = false;
    select.value = silent === null ? "" : String(silent);
  };
  rest();
  return {
    element: h("div", { class: "select" }, select),
    read: () => (isSaid ? select.value : undefined),
    write: (value) => {
      if (!field.choices.includes(String(value))) return rest();
      isSaid = true;
      select.value = String(value);
    },
    suggest: (value) => {
      silent = value;
      if (!isSaid) rest();
    },
  };
}

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
function buttons(field, setting) {
  let isSaid = false;
  const radios = field.choices.map((choice) =>
    h("input", {
      type: "radio",
      name: field.name,
      value: choice,
      id: `${setting.id}-${choice}`,
      "aria-describedby": setting.help,
      onchange: () => {
        isSaid = true;
        setting.changed();
      },
    }),
  );
  const mark = (/** @type {any} */ value) => {
    for (const radio of radios) radio.checked = radio.value === String(value);
  };
  mark(field.fallback);
  return {
    isGroup: true,
    element: h(
      "div",
      { class: "chips" },
      ...radios.map((radio) => h("label", { class: "chip" }, radio, titled(radio.value))),
    ),
    read: () => (isSaid ? radios.find((radio) => radio.checked)?.value : undefined),
    write: (value) => {
      isSaid = field.choices.includes(value);
      mark(isSaid ? value : field.fallback);
    },
  };
}
