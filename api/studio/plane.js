/**
 * The plane of the pad: places on it, shares of the map that shows it, and codes. Pure.
 *
 * @typedef {{x: number, y: number}} Place Both parts in -1..1, from the middle to an edge.
 * @typedef {string|number} Axis A concept, or a place in the code.
 */

export const REACH = 2; // standard deviations, or strengths of a concept, from the middle to an edge
export const CELLS = 7; // of the map that lies under the point, across and down
const MARGIN = 0.5 / CELLS; // the outer cells show the ends of the reach in their middle

/**
 * An axis as the service names it.
 *
 * @param {string} value As a list of choices has it.
 * @returns {Axis}
 */
export function axisNamed(value) {
  return /^\d+$/.test(value) ? Number(value) : value;
}

/**
 * The nearest place on the plane.
 *
 * @param {Place} place
 * @returns {Place}
 */
export function within({ x, y }) {
  return { x: Math.min(Math.max(x, -1), 1), y: Math.min(Math.max(y, -1), 1) };
}

/**
 * Where a part of a place lies on the map, as a share of its width or height.
 *
 * @param {number} part
 */
export function shareOf(part) {
  return 0.5 + 0.5 * part * (1 - 2 * MARGIN);
}

/**
 * The part of a place that a share of the map's width or height shows.
 *
 * @param {number} share
 */
export function partAt(share) {
  return (2 * share - 1) / (1 - 2 * MARGIN);
}

/**
 * The request for the map.
 *
 * @param {number[]} middle The code in its middle.
 * @param {{across: Axis, down: Axis}} axes
 * @returns {Record<string, any>}
 */
export function mapOf(middle, { across, down }) {
  const range = [-REACH, REACH];
  return {
    ...{ mode: "grid", layout: "sheet", latents: [middle], across, down },
    ...{ columns: CELLS, rows: CELLS, across_range: range, down_range: range },
  };
}

/**
 * The request for the picture of a place: along numbers of the code itself, and along concepts.
 *
 * @param {number[]} middle
 * @param {{across: Axis, down: Axis}} axes
 * @param {Place} place
 * @returns {Record<string, any>}
 */
export function pictureAt(middle, { across, down }, { x, y }) {
  const code = [...middle];
  /** @type {Record<string, number>} */
  const concepts = {};
  for (const [axis, part] of /** @type {[Axis, number][]} */ ([[across, x], [down, y]])) {
    const strength = Number((REACH * part).toFixed(3));
    if (typeof axis === "number") code[axis] = Number((code[axis] + strength).toFixed(4));
    else concepts[axis] = Number(((concepts[axis] ?? 0) + strength).toFixed(3));
  }
  return { mode: "point", latents: [code], concepts };
}
