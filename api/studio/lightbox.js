/** One picture on the whole screen; arrow keys go through its neighbours. */

import { source } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/**
 * Shows pictures, beginning with one of them.
 *
 * @param {{url: string, alt: string}[]} pictures
 * @param {number} first
 */
export function enlarge(pictures, first) {
  let place = first;
  const image = h("img", {});
  const told = h("p", { class: "told" });
  const dialog = h(
    "dialog",
    { class: "lightbox", "aria-label": "Picture, enlarged" },
    image,
    told,
    h(
      "button",
      { type: "button", class: "round", "aria-label": "Close", onclick: () => dialog.close() },
      icon("close"),
    ),
  );

  /** @param {number} step */
  async function go(step) {
    place = (place + step + pictures.length) % pictures.length;
    const { url, alt } = pictures[place];
    image.alt = alt;
    told.textContent = pictures.length > 1 ? `${place + 1} of ${pictures.length}` : "";
    image.src = await source(url);
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") go(1);
    if (event.key === "ArrowLeft") go(-1);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target === image) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  go(0);
}
