/** All works of this browser, newest first. */

import { freshId, h } from "./dom.js";
import { titled } from "./format.js";
import { icon } from "./icons.js";
import { isOver } from "./progress.js";
import { imageOf, picturesOf } from "./works.js";

/**
 * @typedef {import("./jobs.js").Entry} Entry
 * @typedef {import("./jobs.js").Jobs} Jobs
 * @typedef {import("./progress.js").JobState} JobState
 */

/** Keeps a card per job, which is drawn anew when the job has ended or is being made. */
export class Gallery {
  /** @type {Map<string, HTMLButtonElement>} */
  #cards = new Map();
  #filter = "";
  #wall = h("div", { class: "wall" });
  #kinds = h("div", { class: "chips filter", role: "group", "aria-label": "Show" });
  #none = h("p", { class: "none" }, "What you make stays here, as long as the service keeps it.");

  /**
   * @param {HTMLElement} element
   * @param {Jobs} jobs
   * @param {(id: string) => void} choose
   */
  constructor(element, jobs, choose) {
    this.jobs = jobs;
    this.choose = choose;
    element.append(this.#kinds, this.#none, this.#wall);
    jobs.addEventListener("list", () => this.#arrange());
    jobs.addEventListener("job", (event) => {
      const card = this.#cards.get(/** @type {CustomEvent} */ (event).detail);
      if (card) this.#draw(card, /** @type {CustomEvent} */ (event).detail);
    });
    this.#arrange();
  }

  /**
   * Marks the work that is on the stage.
   *
   * @param {string|null} id
   */
  mark(id) {
    for (const [each, card] of this.#cards) {
      if (each === id) card.setAttribute("aria-current", "true");
      else card.removeAttribute("aria-current");
    }
  }

  #arrange() {
    const { entries } = this.jobs;
    this.#offerKinds([...new Set(entries.map(({ kind }) => kind))]);
    const shown = entries.filter(({ kind }) => !this.#filter || kind === this.#filter);
    for (const id of this.#cards.keys()) {
      if (!shown.some((entry) => entry.id === id)) this.#cards.delete(id);
    }
    for (const { id } of shown) {
      if (this.#cards.has(id)) continue;
      const card = h("button", { type: "button", class: "card", onclick: () => this.choose(id) });
      this.#cards.set(id, card);
      this.#draw(card, id);
    }
    const cards = shown.flatMap(({ id }) => this.#cards.get(id) ?? []);
    this.#wall.replaceChildren(...cards);
    this.#none.hidden = entries.length > 0;
  }

  /** @param {string[]} kinds */
  #offerKinds(kinds) {
    if (!kinds.includes(this.#filter)) this.#filter = "";
    this.#kinds.hidden = kinds.length < 2;
    const name = freshId("filter");
    const chips = ["", ...kinds].map((kind) => {
      const radio = h("input", {
        type: "radio",
        name,
        value: kind,
        onchange: () => {
          this.#filter = kind;
          this.#arrange();
          this.#kinds.querySelectorAll("input").forEach((each) => each.checked && each.focus());
        },
      });
      radio.checked = kind === this.#filter;
      return h("label", { class: "chip" }, radio, kind ? titled(kind) : "All");
    });
    this.#kinds.replaceChildren(...chips);
  }

  /**
   * @param {HTMLButtonElement} card
   * @param {string} id
   */
  #draw(card, id) {
    const entry = this.jobs.entry(id);
    if (!entry) return;
    const state = this.jobs.state(id);
    const look = state.gone ? "gone" : (state.job?.status ?? "unread");
    const share = state.job?.progress.fraction ?? 0;
    card.style.setProperty("--share", `${100 * share}%`);
    if (card.dataset.look === look) return;
    card.dataset.look = look;
    card.setAttribute("aria-label", `${titled(entry.kind)}, seed ${entry.sent.seed}, ${look}`);
    card.replaceChildren(...face(entry, state));
    const ratio = ratioOf(state);
    card.style.setProperty("--ratio", String(ratio));
  }
}

/**
 * @param {Entry} entry
 * @param {JobState} state
 * @returns {Node[]}
 */
function face(entry, { job, gone }) {
  const label = h("span", { class: "card-label" }, titled(entry.kind));
  if (gone) return [h("span", { class: "card-note" }, "gone"), label];
  if (job?.status !== "succeeded") {
    const word = isOver(job) ? job?.status : "in the making";
    return [h("span", { class: "card-note" }, word), h("span", { class: "card-bar" }), label];
  }
  const [picture, ...more] = picturesOf(job);
  if (picture) {
    const count = more.length > 0 && h("span", { class: "card-count" }, icon("copy"), more.length + 1);
    return [imageOf(job, picture), label, ...(count ? [count] : [])];
  }
  const text = job.result?.samples?.[0]?.text ?? "";
  const prompt = entry.sent.prompt && h("span", { class: "prompt" }, entry.sent.prompt);
  return [h("span", { class: "card-text" }, prompt, text.slice(0, 300)), label];
}

/** @param {JobState} state */
function ratioOf({ job }) {
  const picture = job?.status === "succeeded" ? picturesOf(job)[0] : undefined;
  return picture?.width && picture.height ? picture.width / picture.height : 1.1;
}
