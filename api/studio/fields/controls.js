/** Which control a field gets, and what every control is. */

import { choiceControl } from "./choice.js";
import { modelControl } from "./model.js";
import { numberControl } from "./number.js";
import { picturesControl } from "./pictures.js";
import { jsonControl, numbersControl, scalarControl, switchControl, textControl } from "./plain.js";
import { seedControl } from "./seed.js";
import { textsControl } from "./texts.js";
import { weightsControl } from "./weights.js";

/**
 * @typedef {import("../schema.js").Field} Field
 * @typedef {Record<string, any>} Model As `GET /v1/models` lists it.
 *
 * @typedef {object} Setting What a control knows of the form around it.
 * @property {string} id Of the element that the label names.
 * @property {string} help Id of the text that describes the field.
 * @property {() => void} changed To be called when the value has changed.
 * @property {Model[]} models Those that the kind can name.
 * @property {() => Model|undefined} model The chosen one.
 * @property {() => Promise<string|null>} choosePicture Lets one choose an earlier result.
 *
 * @typedef {object} Control
 * @property {HTMLElement} element
 * @property {boolean} [isGroup] Whether it has several parts, so that a label can't name one.
 * @property {() => any} read Undefined where nothing is said.
 * @property {(value: any) => void} write Undefined goes back to saying nothing.
 * @property {(value: any) => void} [suggest] Shows what holds while nothing is said.
 * @property {() => void} [modelChanged]
 * @property {(files: File[]) => void} [take] Takes files that were pasted.
 */

const CONTROLS = {
  boolean: switchControl,
  choice: choiceControl,
  image: picturesControl,
  images: picturesControl,
  json: jsonControl,
  model: modelControl,
  number: numberControl,
  numbers: numbersControl,
  scalar: scalarControl,
  seed: seedControl,
  text: textControl,
  texts: textsControl,
  weights: weightsControl,
};

/**
 * Returns the control of a field, null for one that leaves no choice.
 *
 * @param {Field} field
 * @param {Setting} setting
 * @returns {Control|null}
 */
export function controlFor(field, setting) {
  return field.type === "fixed" ? null : CONTROLS[field.type](field, setting);
}
