/** A list of short texts, one box each. */

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { escaped, unescaped } from "./written.js";

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function textsControl(field, setting) {
  const rows = h("div", { class: "texts" });
  const boxes = () => [...rows.querySelectorAll("input")];

  /** @param {string} [text] */
  function add(text = "") {
    const box = h("input", {
      type: "text",
      name: field.name,
      maxlength: field.maxLength,
      placeholder: "\\n is a line break",
      autocomplete: "off",
      "aria-label": `${field.title}, ${boxes().length + 1}`,
      "aria-describedby": setting.help,
      oninput: setting.changed,
    });
    box.value = escaped(text);
    const remove = h(
      "button",
      { type: "button", class: "quiet", "aria-label": "Remove this text" },
      icon("close"),
    );
    const row = h("div", { class: "texts-row" }, box, remove);
    remove.addEventListener("click", () => {
      if (boxes().length > 1) row.remove();
      else box.value = "";
      setting.changed();
    });
    rows.append(row);
    return box;
  }

  const more = h(
    "button",
    {
      type: "button",
      class: "quiet add",
      onclick: () => {
        if (boxes().length < (field.maxItems ?? 16)) add().focus();
      },
    },
    icon("plus"),
    "Another",
  );
  add();
  return {
    isGroup: true,
    element: h("div", {}, rows, more),
    read: () => {
      const texts = boxes().map((box) => unescaped(box.value)).filter(Boolean);
      return texts.length ? texts : undefined;
    },
    write: (value) => {
      rows.replaceChildren();
      const texts = typeof value === "string" ? [value] : (value ?? []);
      for (const text of texts.length ? texts : [""]) add(text);
    },
  };
}
