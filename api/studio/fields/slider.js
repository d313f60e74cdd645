/** How sliders look. */

/**
 * Draws the part of a slider's way between nothing and its value: from zero, where that lies on it.
 *
 * @param {HTMLInputElement} slider
 */
export function fill(slider) {
  const [min, max] = [Number(slider.min), Number(slider.max)];
  const share = (/** @type {number} */ value) => (100 * (value - min)) / (max - min);
  const ends = [share(Math.max(min, 0)), share(slider.valueAsNumber)].sort((a, b) => a - b);
  slider.style.setProperty("--from", `${ends[0]}%`);
  slider.style.setProperty("--to", `${ends[1]}%`);
}
