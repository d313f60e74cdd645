/** What can be done with a work. */

import { ProblemError, source } from "./api.js";
import { announce, h } from "./dom.js";
import { titled } from "./format.js";
import { icon } from "./icons.js";
import { picturesOf } from "./works.js";

/**
 * @typedef {import("./jobs.js").Entry} Entry
 * @typedef {import("./progress.js").Job} Job
 * @typedef {import("./schema.js").Kind} Kind
 * @typedef {import("./stage.js").Stage} Stage
 *
 * @typedef {object} Actions
 * @property {(entry: Entry) => Promise<void>} again With another seed.
 * @property {(entry: Entry) => void} edit
 * @property {(reference: string, kind: Kind, field: string) => void} use A result as input.
 */

const SUFFIXES = {
  "image/gif": "gif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
  "text/plain": "txt",
};

/**
 * Returns the buttons below a finished work.
 *
 * @param {Stage} stage
 * @param {Entry} entry
 * @param {Job} job
 */
export function toolbar(stage, entry, job) {
  const [again, edit, remove] = common(stage, entry);
  const word = job.outputs.length > 1 ? "Download all" : "Download";
  const save = job.outputs.length > 0 && action("download", word, () => download(job));
  const usable = picturesOf(job).length > 0 && useMenu(stage, job);
  return h("div", { class: "toolbar" }, again, edit, usable, save, remove);
}

/**
 * Returns those that every work has: again, edit, delete.
 *
 * @param {Stage} stage
 * @param {Entry} entry
 */
export function common(stage, entry) {
  return [
    action("again", "Another seed", () => stage.actions.again(entry)),
    action("edit", "Edit as new", () => stage.actions.edit(entry)),
    action("remove", "Delete", () => stage.jobs.remove(entry.id)),
  ];
}

/**
 * @param {import("./icons.js").IconName} name
 * @param {string} title
 * @param {() => void|Promise<void>} act
 */
function action(name, title, act) {
  const button = h("button", { type: "button", class: "quiet" }, icon(name), title);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      announce(error.message);
      button.after(h("span", { class: "wrong" }, error.message));
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

/**
 * @param {Stage} stage
 * @param {Job} job
 */
function useMenu(stage, job) {
  const places = stage.kinds.flatMap((kind) =>
    kind.fields
      .filter(({ type }) => type === "image" || type === "images")
      .map((field) => ({ kind, field })),
  );
  if (!places.length) return null;
  const select = h(
    "select",
    { "aria-label": "Use this picture as" },
    h("option", { value: "" }, "Use as …"),
    ...places.map(({ kind, field }, n) =>
      h("option", { value: n }, `${titled(kind.name)}: ${field.title.toLowerCase()}`),
    ),
  );
  select.addEventListener("change", () => {
    const place = places[Number(select.value)];
    select.value = "";
    stage.actions.use(`job:${job.id}/0`, place.kind, place.field.name);
  });
  return h("div", { class: "select small" }, select);
}

/**
 * Saves a work: its one file, or all of them in a ZIP.
 *
 * @param {Job} job
 */
async function download(job) {
  const [{ url, media_type: type }, ...more] = job.outputs;
  const suffix = SUFFIXES[/** @type {"text/plain"} */ (type.split(";")[0])] ?? "bin";
  const stem = `${job.kind}-${job.id}`;
  const [path, name] = more.length
    ? [`${job.urls.self}/outputs.zip`, `${stem}.zip`]
    : [url, `${stem}-0.${suffix}`];
  h("a", { href: await source(path), download: name }).click();
}
