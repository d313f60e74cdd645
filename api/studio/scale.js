/**
 * The way of a slider over a range that may span six orders of magnitude. Pure.
 *
 * @typedef {object} Scale
 * @property {(place: number) => number} value The value at a place in 0..1.
 * @property {(value: number) => number} place Where a value lies in 0..1.
 */

const HOME = 0.4; // where a default far below the middle comes to lie

/**
 * Returns a scale; a small `anchor` bends it, so that values of its size get room.
 *
 * @param {{min: number, max: number, integer: boolean, openMin?: boolean, anchor?: number|null}} range
 * @returns {Scale}
 */
export function scaleOf({ min, max, integer, openMin = false, anchor }) {
  const span = max - min;
  const share = typeof anchor === "number" ? (anchor - min) / span : 0.5;
  const power = share > 0 && share < 0.2 ? Math.log(share) / Math.log(HOME) : 1;
  const least = openMin ? min + span * (power > 1 ? 1e-6 : 1e-3) : min;
  return {
    value: (place) => {
      const exact = min + span * clamp(place) ** power;
      return Math.min(Math.max(rounded(exact, span, integer, power), least), max);
    },
    place: (value) => clamp((value - min) / span) ** (1 / power),
  };
}

/**
 * @param {number} value
 * @param {number} span
 * @param {boolean} integer
 * @param {number} power
 */
function rounded(value, span, integer, power) {
  if (integer) return power > 1 && value > 100 ? Number(value.toPrecision(2)) : Math.round(value);
  if (power > 1) return Number(value.toPrecision(2));
  const digits = Math.max(0, 2 - Math.floor(Math.log10(span)));
  return Number(value.toFixed(digits));
}

/** @param {number} share */
function clamp(share) {
  return Math.min(Math.max(share, 0), 1);
}
