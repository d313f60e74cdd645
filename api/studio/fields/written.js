/** What is written into a box, and what it means. Pure. */

/**
 * A word, or the number that it spells.
 *
 * @param {string} text
 * @returns {string|number}
 */
export function scalar(text) {
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/**
 * A word or number; where several can be said, commas stand between them.
 *
 * @param {string} text
 * @param {boolean} takesList
 * @returns {string|number|(string|number)[]|undefined} Undefined if nothing is said.
 */
export function scalars(text, takesList) {
  const whole = text.trim();
  if (whole === "") return undefined;
  if (!takesList || !whole.includes(",")) return scalar(whole);
  return whole.split(",").map((part) => scalar(part.trim()));
}

/**
 * Numbers with anything between them; a word that is none stays, for the service to say so.
 *
 * @param {string} text
 * @returns {(string|number)[]|undefined} Undefined if nothing is said.
 */
export function numbers(text) {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  return words.length ? words.map(scalar) : undefined;
}

/**
 * What JSON means; text that is none stays as it is, for the service to say what is wrong with it.
 *
 * @param {string} text
 * @returns {any} Undefined if nothing is said.
 */
export function json(text) {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * A text as it is shown in one line.
 *
 * @param {string} text
 */
export function escaped(text) {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/**
 * The text that one line stands for.
 *
 * @param {string} text
 */
export function unescaped(text) {
  const meant = { n: "\n", t: "\t", "\\": "\\" };
  return text.replace(/\\([nt\\])/g, (_, letter) => meant[/** @type {"n"} */ (letter)]);
}

/**
 * Names with weights; a list of names stands for weights of 1.
 *
 * @param {any} value
 * @returns {Record<string, number>}
 */
export function asWeights(value) {
  if (Array.isArray(value)) return Object.fromEntries(value.map((name) => [name, 1]));
  return value ?? {};
}
