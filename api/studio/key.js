/** Asking for the API key of a service that demands one. */

import { currentKey, onKeyWanted, setKey } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @type {Promise<boolean>|null} */
let asking = null;

/**
 * Asks when the service answers 401, and lets the key be changed by a button from then on.
 *
 * @param {HTMLElement} button
 */
export function installKey(button) {
  button.append(icon("key"));
  button.setAttribute("aria-label", "API key");
  button.title = "API key";
  button.hidden = currentKey() === "";
  button.addEventListener("click", () => ask());
  onKeyWanted(async () => {
    button.hidden = false;
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  });
}

/** @returns {Promise<boolean>} Whether a key was given. */
function ask() {
  return new Promise((resolve) => {
    const box = h("input", {
      type: "password",
      id: "api-key",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": "api-key-help",
    });
    box.value = currentKey();
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: "key-title" }, "This service asks for a key"),
      h("label", { for: "api-key" }, "API key"),
      box,
      h("p", { id: "api-key-help", class: "help" }, "Kept in this tab until it is closed."),
      h(
        "div",
        { class: "submit" },
        h("button", { type: "submit", class: "primary" }, "Use it"),
        h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Not now"),
      ),
    );
    const dialog = h("dialog", { class: "key", "aria-labelledby": "key-title" }, form);
    form.addEventListener("submit", () => setKey(box.value.trim()));
    form.addEventListener("submit", () => resolve(box.value.trim() !== ""));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(false);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
