/** Names that a model offers: of its layers, of its concepts. Pure. */

/** @typedef {import("./controls.js").Model} Model */

/**
 * Returns the names that a model lists: as one of its own members, or on its card.
 *
 * @param {Model|undefined} model
 * @param {string} what `layers`, `concepts`, …
 * @returns {string[]}
 */
export function namesOf(model, what) {
  const listed = model?.[what] ?? model?.card[what] ?? [];
  if (!Array.isArray(listed)) return Object.keys(listed);
  return listed.map((each) => (typeof each === "string" ? each : each.name));
}
