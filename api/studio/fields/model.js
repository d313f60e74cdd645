/** Which weights to use. */

import { h } from "../dom.js";

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function modelControl(field, setting) {
  let isSaid = false;
  const known = new Set(setting.models.map((model) => model.name));
  if (field.fallback) known.add(field.fallback);
  const facts = h("p", { class: "facts" });
  const select = h(
    "select",
    {
      id: setting.id,
      name: field.name,
      "aria-describedby": setting.help,
      onchange: () => {
        isSaid = true;
        tell();
        setting.changed();
      },
    },
    ...[...known].map((name) => h("option", { value: name }, name)),
  );
  select.value = field.fallback ?? "";

  function tell() {
    const model = setting.models.find((each) => each.name === select.value);
    facts.textContent = model ? described(model) : "Not here yet";
  }

  tell();
  return {
    element: h("div", {}, h("div", { class: "select" }, select), facts),
    read: () => (isSaid ? select.value : undefined),
    write: (value) => {
      isSaid = known.has(value);
      select.value = isSaid ? value : (field.fallback ?? "");
      tell();
    },
  };
}

/** @param {import("./controls.js").Model} model */
function described({ card, classes, layers }) {
  const millions = card.parameters && `${(card.parameters / 1e6).toFixed(1)} M parameters`;
  const unit = { char: "by characters", word: "by words" }[/** @type {"char"} */ (card.unit)];
  const seen = layers.length && `${layers.length} layers`;
  const told = classes && `${classes} classes`;
  return [millions, unit, seen, told].filter(Boolean).join(" · ");
}
