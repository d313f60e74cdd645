/** Where the random numbers start: drawn anew for each job, or held. */

import { h } from "../dom.js";
import { icon } from "../icons.js";

const DRAWN_BELOW = 1_000_000; // short enough to be told to somebody

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function seedControl(field, setting) {
  const box = h("input", {
    type: "number",
    id: setting.id,
    name: field.name,
    min: field.min,
    max: field.max,
    step: 1,
    inputmode: "numeric",
    placeholder: "a new one each time",
    "aria-describedby": setting.help,
    oninput: () => hold(box.value !== ""),
  });
  const lock = h(
    "button",
    {
      type: "button",
      class: "quiet square",
      title: "Keep this seed",
      "aria-label": "Keep this seed",
      onclick: () => {
        if (box.value === "") draw();
        else release();
      },
    },
    icon("open"),
  );
  const dice = h(
    "button",
    {
      type: "button",
      class: "quiet square",
      title: "Draw a seed",
      "aria-label": "Draw a seed",
      onclick: () => draw(),
    },
    icon("dice"),
  );

  /** @param {boolean} isHeld */
  function hold(isHeld) {
    lock.setAttribute("aria-pressed", String(isHeld));
    lock.replaceChildren(icon(isHeld ? "lock" : "open"));
    setting.changed();
  }

  function draw() {
    box.value = String(Math.floor(Math.random() * DRAWN_BELOW));
    hold(true);
  }

  function release() {
    box.value = "";
    hold(false);
  }

  lock.setAttribute("aria-pressed", "false");
  return {
    element: h("div", { class: "joined" }, box, dice, lock),
    read: () => (box.value === "" ? undefined : Number(box.value)),
    write: (value) => {
      box.value = typeof value === "number" ? String(value) : "";
      hold(box.value !== "");
    },
  };
}
