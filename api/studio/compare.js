/** A picture over the one it was made from, with a line to draw between them. */

import { h } from "./dom.js";

const START = 30; // percent of the width that shows what was before

/**
 * @param {HTMLImageElement} before
 * @param {HTMLImageElement} after
 */
export function comparison(before, after) {
  const element = h("div", { class: "compare" }, after, before);
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 100,
    step: 1,
    "aria-label": "Before and after",
    oninput: () => draw(),
  });

  function draw() {
    element.style.setProperty("--cut", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} % before`);
  }

  before.classList.add("before");
  slider.valueAsNumber = START;
  draw();
  element.append(
    slider,
    h("span", { class: "handle", "aria-hidden": "true" }),
    h("span", { class: "tag left", "aria-hidden": "true" }, "before"),
    h("span", { class: "tag right", "aria-hidden": "true" }, "after"),
  );
  return element;
}
