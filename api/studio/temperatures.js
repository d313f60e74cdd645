/** One prompt at four temperatures side by side, from the same seed. */

import { h } from "./dom.js";
import { figure, rewrapped } from "./format.js";
import { isOver } from "./progress.js";
import { factsOf, growingWork } from "./works.js";

export const TEMPERATURES = [0.2, 0.5, 1.0, 1.2];
const SEEDS_BELOW = 1_000_000;

/**
 * @typedef {import("./jobs.js").Jobs} Jobs
 * @typedef {import("./schema.js").Kind} Kind
 */

/**
 * Whether a kind has what it takes.
 *
 * @param {Kind} kind
 */
export function hasTemperatures({ fields }) {
  const names = new Set(fields.map(({ name }) => name));
  return names.has("prompt") && names.has("temperature");
}

/** Four columns, each a job of its own. */
export class Temperatures {
  /** @type {Map<string, {element: HTMLElement, update: () => void}>} */
  #columns = new Map();

  /** @param {Jobs} jobs */
  constructor(jobs) {
    this.jobs = jobs;
    const invitation = h("p", { class: "invitation" }, "One prompt, written four times from one seed.");
    const columns = TEMPERATURES.map((temperature) => emptyColumn(temperature));
    this.element = h("div", { class: "temperatures" }, ...columns, invitation);
    jobs.addEventListener("job", (event) => {
      this.#columns.get(/** @type {CustomEvent} */ (event).detail)?.update();
    });
  }

  /**
   * Writes a prompt at all temperatures.
   *
   * @param {Kind} kind
   * @param {Record<string, any>} body
   */
  async write(kind, body) {
    const seed = body.seed ?? Math.floor(Math.random() * SEEDS_BELOW);
    const ids = [];
    for (const temperature of TEMPERATURES) {
      ids.push(await this.jobs.submit(kind, { ...body, seed, temperature }));
    }
    this.#columns = new Map(ids.map((id, n) => [id, this.#column(id, TEMPERATURES[n])]));
    const columns = [...this.#columns.values()];
    this.element.replaceChildren(...columns.map(({ element }) => element));
    for (const { update } of columns) update();
  }

  /**
   * @param {string} id
   * @param {number} temperature
   */
  #column(id, temperature) {
    const entry = this.jobs.entry(id);
    if (!entry) throw new Error(`${id} has not been entered`);
    const work = growingWork(entry, rewrapped);
    const facts = h("p", { class: "facts" }, "waiting");
    const bits = h("meter", { min: 0, max: 5, value: 0, "aria-label": "Entropy in bits per token" });
    const element = h("section", { class: "column" }, heading(temperature), bits, facts, work.element);
    const update = () => {
      const state = this.jobs.state(id);
      const samples = state.job?.result?.samples;
      work.update(samples ? { ...state, partial: samples.map((/** @type {any} */ s) => s.text) } : state);
      element.classList.toggle("over", isOver(state.job));
      if (samples) {
        bits.value = samples[0].entropy_bits;
        facts.replaceChildren(...factsOf(samples[0]));
      } else {
        facts.textContent = state.job?.error?.detail ?? state.job?.status ?? "";
      }
    };
    return { element, update };
  }
}

/** @param {number} temperature */
function heading(temperature) {
  return h("h3", {}, "T = ", h("b", {}, temperature === 1 ? "1.0" : figure(temperature)));
}

/** @param {number} temperature */
function emptyColumn(temperature) {
  const words = { 0.2: "repeats itself", 0.5: "keeps to what it knows", 1: "as it was taught", 1.2: "wild" };
  return h(
    "section",
    { class: "column" },
    heading(temperature),
    h("p", { class: "facts" }, words[/** @type {1} */ (temperature)]),
  );
}
