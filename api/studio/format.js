/** Figures in words. Pure. */

/**
 * A number without needless digits: 0.015, 1.4, 512, 100,000.
 *
 * @param {number} value
 */
export function figure(value) {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6 });
}

/**
 * A span of time, as short as it can be understood.
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/**
 * When a job will be done, as an interval.
 *
 * @param {{low: number, high: number}} eta
 */
export function interval({ low, high }) {
  const [from, to] = [duration(Math.max(low, 1)), duration(Math.max(high, 1))];
  if (from === to) return `about ${to} left`;
  const [, unit] = to.split(" ");
  return from.endsWith(` ${unit}`)
    ? `${from.split(" ")[0]}–${to} left`
    : `${from} to ${to} left`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * A name as a heading: `vae-sample` is "VAE sample".
 *
 * @param {string} name
 */
export function titled(name) {
  const words = name.replaceAll(/[-_]/g, " ").replaceAll(/\b(vae|gan)\b/g, (w) => w.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * What can be said of a text in figures.
 *
 * @param {Record<string, any>} sample
 * @returns {string[]}
 */
export function textFacts({ tokens, entropy_bits: entropy, verbatim_share: verbatim, unknown_characters: unknown }) {
  const facts = [];
  if (typeof entropy === "number") facts.push(`${figure(entropy)} bits per token`);
  if (typeof verbatim === "number") facts.push(`${Math.round(100 * verbatim)} % quoted`);
  if (typeof tokens === "number") facts.push(`${figure(tokens)} tokens`);
  if (unknown) facts.push(`unknown to the model: ${unknown}`);
  return facts;
}

const LINE_END = /(?<=\S)\n(?=\S)/g;

/**
 * A text for a column that is narrower than its lines. Prose that was wrapped gets new line ends
 * wherever they fall: it is told by its lines, which mostly begin with small letters. Verse keeps
 * its own.
 *
 * @param {string} text
 */
export function rewrapped(text) {
  const ends = [...text.matchAll(LINE_END)].map(({ index }) => text.slice(index + 1, index + 2));
  const within = ends.filter((letter) => letter !== letter.toUpperCase());
  if (within.length * 2 < ends.length) return text;
  return text.replaceAll(/(?<=\S[-–—])\n(?=\S)/g, "").replaceAll(LINE_END, " ");
}

/**
 * How far a job has come that is being made.
 *
 * @param {import("./progress.js").Job|null} job
 */
export function standing(job) {
  if (!job) return "Asking …";
  if (job.status === "canceling") return "Stopping …";
  const parts = [];
  if (job.status === "queued") {
    parts.push(job.queue_position > 0 ? `Waiting, ${job.queue_position} before it` : "Next in line");
  } else if (job.progress.total) {
    parts.push(`Step ${figure(job.progress.step)} of ${figure(job.progress.total)}`);
  } else {
    parts.push("Preparing");
  }
  if (job.eta?.high) parts.push(interval(job.eta));
  return parts.join(" · ");
}
