/** The button that turns the light on or off. */

import { icon } from "./icons.js";

const STORED = "genart-theme"; // read by early.js

/** @param {HTMLElement} button */
export function installTheme(button) {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

  function draw() {
    const next = isDark() ? "light" : "dark";
    button.replaceChildren(icon(next));
    button.setAttribute("aria-label", `Turn ${next}`);
    button.title = `Turn ${next}`;
  }

  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem(STORED, root.dataset.theme);
    draw();
  });
  system.addEventListener("change", draw);
  draw();
}
