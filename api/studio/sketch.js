/** A drawing for empty walls: lines that follow a field of waves, another one for each kind. */

import { svg } from "./dom.js";

const [WIDTH, HEIGHT, LINES, STEPS] = [480, 300, 34, 60];

/**
 * @param {string} name
 * @returns {SVGElement}
 */
export function sketch(name) {
  const draw = numbersFrom(name);
  const waves = Array.from({ length: 3 }, () => ({
    x: (draw() - 0.5) * 0.03,
    y: (draw() - 0.5) * 0.03,
    phase: draw() * 7,
  }));
  const angle = (/** @type {number} */ x, /** @type {number} */ y) =>
    waves.reduce((sum, wave) => sum + Math.sin(wave.x * x + wave.y * y + wave.phase), 0);
  const lines = Array.from({ length: LINES }, (_, n) => {
    let [x, y] = [draw() * WIDTH, draw() * HEIGHT];
    const points = [];
    for (let step = 0; step < STEPS; step += 1) {
      points.push(`${x.toFixed(1)} ${y.toFixed(1)}`);
      x += 5 * Math.cos(angle(x, y));
      y += 5 * Math.sin(angle(x, y));
    }
    return svg("polyline", { points: points.join(" "), class: `ink-${n % 3}` });
  });
  const box = { class: "sketch", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" };
  return /** @type {SVGElement} */ (svg("svg", box, ...lines));
}

/**
 * Returns a source of numbers in [0, 1) that a name starts (mulberry32).
 *
 * @param {string} name
 */
function numbersFrom(name) {
  let state = [...name].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 16777619), 2166136261);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
