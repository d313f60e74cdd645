/** How artworks look: pictures, texts, and what is there while they are being made. */

import { copyOf, source } from "./api.js";
import { comparison } from "./compare.js";
import { h } from "./dom.js";
import { textFacts } from "./format.js";
import { framed } from "./frame.js";
import { DRAGGED } from "./fields/pictures.js";
import { enlarge } from "./lightbox.js";
import { addressOf } from "./references.js";

/**
 * @typedef {import("./jobs.js").Entry} Entry
 * @typedef {import("./progress.js").JobState} JobState
 * @typedef {import("./progress.js").Job} Job
 */

/**
 * Returns a finished artwork.
 *
 * @param {Job} job
 * @param {Entry} entry
 * @param {string[]} pictureFields Those of the kind that name pictures.
 */
export function finishedWork(job, entry, pictureFields) {
  const pictures = picturesOf(job);
  if (job.result?.samples) return textWork(entry.sent.prompt ?? "", job.result.samples);
  if (pictures.length > 1) return h("div", { class: "sheet" }, ...pictures.map((_, n) => tile(job, n)));
  if (pictures.length === 1) return singlePicture(job, pictureFields);
  return plainOutputs(job);
}

/**
 * Returns a work that grows: `update` brings it up to a state.
 *
 * @param {Entry} entry
 * @param {(text: string) => string} [laidOut] How its texts are shown.
 */
export function growingWork(entry, laidOut = (text) => text) {
  const element = h("div", { class: "growing" }, h("div", { class: "unmade" }));
  /** @type {Text[]} */
  let texts = [];
  let shownPreview = "";

  /** @param {string[]} partial */
  function write(partial) {
    if (texts.length !== partial.length) {
      texts = partial.map(() => document.createTextNode(""));
      const samples = texts.map((text) => sample(entry.sent.prompt ?? "", text, "writing"));
      element.replaceChildren(h("div", { class: "samples" }, ...samples));
    }
    partial.map(laidOut).forEach((text, n) => {
      const had = texts[n].data;
      if (text.startsWith(had)) texts[n].appendData(text.slice(had.length));
      else texts[n].data = text;
    });
  }

  /** @param {{url: string, width: number, height: number}} preview */
  async function paint({ url, width, height }) {
    shownPreview = url;
    const address = await copyOf(url);
    const image = h("img", { src: address, alt: "The picture so far" });
    await image.decode();
    URL.revokeObjectURL(address);
    if (url !== shownPreview) return;
    const picture = h("div", { class: "picture" }, h("div", {}, image));
    picture.style.setProperty("--ratio", String(width / height));
    element.replaceChildren(picture);
  }

  return {
    element,
    /** @param {JobState} state */
    update({ partial, preview }) {
      if (partial.length) write(partial);
      // the latest comes with the next event, if this one can't be had any more
      if (preview && preview.url !== shownPreview) paint(preview).catch(() => {});
    },
  };
}

/**
 * Returns the pictures among a job's outputs.
 *
 * @param {Job} job
 * @returns {{url: string, alt: string, width: number, height: number, number: number}[]}
 */
export function picturesOf(job) {
  return job.outputs.flatMap((/** @type {any} */ output, /** @type {number} */ number) =>
    output.media_type.startsWith("image/")
      ? [{ ...output, number, alt: `${job.kind}, seed ${job.request.seed}, picture ${number + 1}` }]
      : [],
  );
}

/**
 * Returns an image of an output, which can be dragged into a form.
 *
 * @param {Job} job
 * @param {{url: string, alt: string, width: number, height: number, number: number}} output
 */
export function imageOf(job, { url, alt, width, height, number }) {
  const image = h("img", { alt, draggable: "true", loading: "lazy", decoding: "async" });
  if (width && height) image.style.setProperty("--ratio", String(width / height));
  image.addEventListener("dragstart", (event) => {
    event.dataTransfer?.setData(DRAGGED, `job:${job.id}/${number}`);
  });
  source(url).then(
    (address) => {
      image.src = address;
    },
    () => image.replaceWith(h("span", { class: "unseen" }, "can't be shown")),
  );
  return image;
}

/**
 * @param {Job} job
 * @param {number} number Among the pictures.
 */
function tile(job, number) {
  const pictures = picturesOf(job);
  return h(
    "button",
    {
      type: "button",
      class: "tile",
      "aria-label": `Enlarge picture ${number + 1}`,
      onclick: () => enlarge(pictures, number),
    },
    imageOf(job, pictures[number]),
  );
}

/**
 * @param {Job} job
 * @param {string[]} pictureFields
 */
function singlePicture(job, pictureFields) {
  const [picture] = picturesOf(job);
  const ratio = String((picture.width || 1) / (picture.height || 1));
  const shown = tile(job, 0);
  shown.setAttribute("aria-label", "Enlarge");
  const element = h("div", { class: "picture" }, shown);
  element.style.setProperty("--ratio", ratio);
  beforeOf(job, pictureFields).then((before) => {
    if (before) element.replaceChildren(comparison(before, imageOf(job, picture)));
  });
  return element;
}

/**
 * Returns the picture that a work was made from, null if there is none that can be shown.
 *
 * @param {Job} job
 * @param {string[]} fields
 */
async function beforeOf({ request }, fields) {
  const field = fields.find((name) => request[name]);
  if (!field) return null;
  const image = h("img", { alt: "What it was made from" });
  try {
    image.src = await source(addressOf(request[field]));
    await image.decode();
    return image;
  } catch {
    return null;
  }
}

/**
 * @param {string} prompt
 * @param {Record<string, any>[]} samples
 */
function textWork(prompt, samples) {
  return h(
    "div",
    { class: "samples" },
    ...samples.map((each) => {
      const element = sample(prompt, document.createTextNode(each.text), "");
      element.append(h("p", { class: "facts" }, ...factsOf(each)));
      return element;
    }),
  );
}

/**
 * Returns what can be said of a text in figures, to be broken between the facts, not within.
 *
 * @param {Record<string, any>} sample
 */
export function factsOf(sample) {
  return textFacts(sample).map((fact) => h("span", {}, fact));
}

/**
 * @param {string} prompt
 * @param {Text} text
 * @param {string} state
 */
function sample(prompt, text, state) {
  const begun = prompt && h("span", { class: "prompt" }, prompt);
  const verse = h("p", { class: "verse" }, begun, text);
  return h("div", { class: `sample ${state}` }, framed(verse, { label: "Text", follows: state !== "" }));
}

/** @param {Job} job */
function plainOutputs(job) {
  const links = job.outputs.map((/** @type {any} */ output, /** @type {number} */ n) =>
    h("li", {}, h("a", { href: output.url }, `Output ${n + 1}: ${output.media_type}`)),
  );
  const result = h("pre", { class: "code" }, JSON.stringify(job.result, null, 2));
  return h("div", { class: "plain-outputs" }, h("ul", {}, ...links), result);
}
