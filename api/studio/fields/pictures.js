/** Pictures: dropped, pasted, chosen from the disk, or results of earlier jobs. */

import { source } from "../api.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { addressOf } from "../references.js";

export const DRAGGED = "application/x-genart-picture"; // a result on its way to a form

const DEFAULT_MOST = 16;

/**
 * @typedef {object} Picture
 * @property {File|string} value A file, or the reference that the service knows it by.
 * @property {Promise<string>} shown Where it can be seen.
 */

/**
 * @param {import("./controls.js").Field} field
 * @param {import("./controls.js").Setting} setting
 * @returns {import("./controls.js").Control}
 */
export function picturesControl(field, setting) {
  const takesList = field.type === "images";
  const most = takesList ? (field.maxItems ?? DEFAULT_MOST) : 1;
  /** @type {Picture[]} */
  let pictures = [];

  const chooser = h("input", {
    type: "file",
    id: setting.id,
    name: field.name,
    accept: "image/*",
    multiple: takesList,
    "aria-describedby": setting.help,
    onchange: () => {
      add([...(chooser.files ?? [])].map(fromFile));
      chooser.value = "";
    },
  });
  const shown = h("ul", { class: "chosen" });
  const earlier = h(
    "button",
    { type: "button", class: "quiet", onclick: () => chooseEarlier() },
    "From the gallery",
  );
  const call = h("strong", {});
  const more = h("span", { class: "drop-more" }, "or drop or paste one here");
  const label = h("label", { class: "drop-label" }, chooser, icon("picture"), call, more);
  const zone = h("div", { class: "drop" }, shown, h("div", { class: "drop-ways" }, label, earlier));

  /** @param {Picture[]} more */
  function add(more) {
    pictures = takesList ? [...pictures, ...more].slice(0, most) : more.slice(-1);
    draw();
    setting.changed();
  }

  async function chooseEarlier() {
    const reference = await setting.choosePicture();
    if (reference) add([fromReference(reference)]);
    earlier.focus();
  }

  function draw() {
    shown.replaceChildren(...pictures.map((picture, place) => item(picture, place)));
    zone.classList.toggle("full", pictures.length >= most);
    zone.classList.toggle("single", !takesList);
    const [first, further] = takesList ? ["Choose pictures", "Add more"] : ["Choose a picture", "Replace"];
    call.textContent = pictures.length ? further : first;
  }

  /**
   * @param {Picture} picture
   * @param {number} place
   */
  function item(picture, place) {
    const image = h("img", { alt: `${field.title}, ${nameOf(picture)}` });
    const replace = () => image.replaceWith(h("span", { class: "unseen" }, "can't be shown"));
    image.addEventListener("error", replace);
    picture.shown.then((address) => {
      image.src = address;
    }, replace);
    const remove = h(
      "button",
      { type: "button", class: "round", "aria-label": `Remove ${nameOf(picture)}` },
      icon("close"),
    );
    remove.addEventListener("click", () => {
      pictures.splice(place, 1);
      draw();
      setting.changed();
      chooser.focus();
    });
    return h("li", {}, image, remove);
  }

  receiveDrops(zone, add);
  draw();
  return {
    isGroup: true,
    element: zone,
    read: () => {
      const values = pictures.map(({ value }) => value);
      if (!values.length) return undefined;
      return takesList ? values : values[0];
    },
    write: (value) => {
      pictures = [value ?? []].flat().map(fromReference);
      draw();
    },
    take: (files) => add(files.map(fromFile)),
  };
}

/**
 * @param {HTMLElement} zone
 * @param {(pictures: Picture[]) => void} add
 */
function receiveDrops(zone, add) {
  const over = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.addEventListener("dragenter", over);
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const reference = event.dataTransfer?.getData(DRAGGED);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (reference) add([fromReference(reference)]);
    else if (files.length) add(files.map(fromFile));
  });
}

/**
 * @param {File} file
 * @returns {Picture}
 */
function fromFile(file) {
  return { value: file, shown: Promise.resolve(URL.createObjectURL(file)) };
}

/**
 * @param {string} reference
 * @returns {Picture}
 */
function fromReference(reference) {
  return { value: reference, shown: source(addressOf(reference)) };
}

/** @param {Picture} picture */
function nameOf({ value }) {
  if (value instanceof File) return value.name;
  return value.startsWith("job:") ? "a result" : "a stored picture";
}
