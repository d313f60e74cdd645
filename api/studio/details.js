/** What is known of a work besides its looks: parameters, losses, where it was made, how to again. */

import { currentKey } from "./api.js";
import { curlLine } from "./curl.js";
import { announce, h, svg } from "./dom.js";
import { duration, figure, size } from "./format.js";
import { icon } from "./icons.js";

const LONG = 40; // characters of a value that gets a line of its own

/**
 * @typedef {import("./jobs.js").Entry} Entry
 * @typedef {import("./progress.js").Job} Job
 */

/**
 * Returns the foldable parts below a work.
 *
 * @param {Job} job
 * @param {Entry} entry
 * @param {string} path Of its kind.
 */
export function details(job, entry, path) {
  return h(
    "div",
    { class: "details" },
    part("Parameters", parameters(job, entry)),
    job.result?.losses?.length > 1 && part("Losses", curve(lossesOf(job.result.losses))),
    part("How it was made", provenance(job)),
    curlPart(entry, path),
  );
}

/**
 * @param {string} title
 * @param {Node} content
 */
function part(title, content) {
  return h("details", {}, h("summary", {}, title), content);
}

/**
 * @param {Job} job
 * @param {Entry} entry
 */
function parameters({ request }, { sent }) {
  const list = h("dl", { class: "facts-list" });
  for (const [name, value] of Object.entries(request)) {
    if (value === null || (Array.isArray(value) && !value.length)) continue;
    const text = shown(value);
    const look = [name in sent && "said", text.length > LONG && "long"].filter(Boolean).join(" ");
    list.append(h("div", { class: look }, h("dt", {}, name), h("dd", {}, text)));
  }
  return list;
}

/** @param {any} value */
function shown(value) {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : figure(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replaceAll(/asset:([0-9a-f]{8})[0-9a-f]{56}/g, "asset:$1…") || "(empty)";
}

/** @param {Job} job */
function provenance({ provenance, metrics, outputs, attempt, cached }) {
  const weights = Object.entries(provenance?.weights ?? {}).map(
    ([name, sha256]) => `${name} ${String(sha256).slice(0, 12)}…`,
  );
  const bytes = outputs.reduce((/** @type {number} */ sum, /** @type {any} */ o) => sum + o.bytes, 0);
  /** @type {[string, string][]} */
  const facts = [
    ["waited", duration((metrics.queue_ms ?? 0) / 1000)],
    ["took", duration((metrics.execution_ms ?? 0) / 1000)],
    ["device", provenance?.device ?? "unknown"],
    ["weights", weights.join(", ") || "none"],
    ["version", provenance?.version ?? "unknown"],
    ["size", size(bytes)],
  ];
  if (cached) facts.push(["taken from", "an earlier result"]);
  if (attempt > 1) facts.push(["attempt", String(attempt)]);
  return h(
    "dl",
    { class: "facts-list" },
    ...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/**
 * Losses come as numbers, or as an object for each step.
 *
 * @param {any[]} losses
 * @returns {number[]}
 */
function lossesOf(losses) {
  return losses.map((loss) => (typeof loss === "number" ? loss : (loss.total ?? loss.loss ?? 0)));
}

/** @param {number[]} values */
function curve(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = values.map((value, n) => {
    const x = (300 * n) / (values.length - 1);
    const y = 76 - (72 * (value - low)) / (high - low || 1);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const told = `from ${figure(values[0])} to ${figure(values[values.length - 1])}`;
  return h(
    "div",
    { class: "curve" },
    svg(
      "svg",
      { viewBox: "0 0 300 80", preserveAspectRatio: "none", role: "img", "aria-label": `Losses ${told}` },
      svg("polyline", { points: points.join(" ") }),
    ),
    h("p", { class: "facts" }, `${values.length} steps, ${told}`),
  );
}

/**
 * @param {Entry} entry
 * @param {string} path
 */
function curlPart({ sent }, path) {
  const line = curlLine(location.origin + path, sent, currentKey() !== "");
  const text = h("code", { class: "curl" }, line);
  const button = h(
    "button",
    { type: "button", class: "quiet", onclick: () => copy(line, text) },
    icon("copy"),
    "Copy",
  );
  return part("As curl", h("div", { class: "copyable" }, h("pre", { tabindex: "0" }, text), button));
}

/**
 * Copies a text; where the clipboard is closed (plain HTTP), it is selected for the user to copy.
 *
 * @param {string} text
 * @param {HTMLElement} element
 */
async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
  } catch {
    getSelection()?.selectAllChildren(element);
    announce("Selected; press Ctrl and C to copy");
  }
}
