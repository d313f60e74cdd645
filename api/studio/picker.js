/** Choosing a picture among the results. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { imageOf, picturesOf } from "./works.js";

/**
 * Lets one choose a picture that was made here.
 *
 * @param {import("./jobs.js").Jobs} jobs
 * @returns {Promise<string|null>} Its reference, null if none was chosen.
 */
export function choosePicture(jobs) {
  return new Promise((resolve) => {
    const choices = jobs.entries.flatMap(({ id }) => {
      const { job, gone } = jobs.state(id);
      if (!job || gone || job.status !== "succeeded") return [];
      return picturesOf(job).map((picture) =>
        h(
          "button",
          {
            type: "button",
            class: "tile",
            "aria-label": `Choose ${picture.alt}`,
            onclick: () => dialog.close(`job:${id}/${picture.number}`),
          },
          imageOf(job, picture),
        ),
      );
    });
    const none = h("p", {}, "No pictures yet. Make one, or choose a file.");
    const dialog = h(
      "dialog",
      { class: "picker", "aria-labelledby": "picker-title" },
      h("h2", { id: "picker-title" }, "Choose a picture"),
      choices.length ? h("div", { class: "sheet" }, ...choices) : none,
      h(
        "button",
        { type: "button", class: "round", "aria-label": "Close", onclick: () => dialog.close() },
        icon("close"),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
