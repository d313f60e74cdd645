/**
 * A plane through a network's codes, to move a point on: a picture follows the hand.
 *
 * One picture is asked for at a time. While it is being made only the latest place counts, so that
 * the pad is as quick as the service and never ahead of it; what has become stale is canceled.
 */

import { copyOf, enter, read, send } from "./api.js";
import { freshId, h } from "./dom.js";
import { namesOf } from "./fields/names.js";
import { fill } from "./fields/slider.js";
import { figure, titled } from "./format.js";
import { icon } from "./icons.js";
import { axisNamed, mapOf, partAt, pictureAt, REACH, shareOf, within } from "./plane.js";
import { isOver } from "./progress.js";

const WAIT_SECONDS = 2; // then a newer place may overtake
const SEEDS_BELOW = 1_000_000;
const STEP = 0.1; // of the reach, by an arrow key

/**
 * @typedef {import("./jobs.js").Jobs} Jobs
 * @typedef {import("./progress.js").Job} Job
 * @typedef {import("./schema.js").Kind} Kind
 * @typedef {Record<string, any>} Body
 */

/**
 * Whether a kind has what it takes.
 *
 * @param {Kind} kind
 */
export function hasPad({ fields }) {
  const names = new Set(fields.map(({ name }) => name));
  const modes = fields.find(({ name }) => name === "mode")?.choices ?? [];
  return (
    ["sample", "point", "grid"].every((mode) => modes.includes(mode)) &&
    ["latents", "across", "down", "concepts"].every((name) => names.has(name))
  );
}

/** The map, the point on it, and the picture that it stands for. */
export class Pad {
  /** @type {number[]} The code in the middle of the map. */
  #middle = [];
  /** @type {string|undefined} Whose code it is. */
  #modelName;
  #place = { x: 0, y: 0 };
  /** @type {{x: number, y: number}|null} Where to go once the picture at hand is there. */
  #next = null;
  #isBusy = false;
  /** @type {{job: Job, body: Body}|null} */
  #shown = null;

  /**
   * @param {Jobs} jobs
   * @param {Kind} kind
   * @param {() => Record<string, any>|undefined} model
   * @param {(id: string) => void} kept To be told of a picture that goes to the gallery.
   */
  constructor(jobs, kind, model, kept) {
    this.jobs = jobs;
    this.kind = kind;
    this.model = model;
    this.kept = kept;
    this.told = h("p", { class: "facts", role: "status" });
    this.map = h("img", { alt: "", draggable: "false" });
    this.dot = h("span", { class: "pad-dot", "aria-hidden": "true" });
    this.surface = h("div", { class: "pad-map" }, this.map, this.dot);
    this.picture = h("img", { class: "pad-picture", alt: "The picture at this place" });
    this.across = this.#axis("Across", 0);
    this.down = this.#axis("Down", 1);
    this.element = this.#laidOut();
    this.#receivePointer();
  }

  /** Begins, unless it has with the model that is chosen. */
  async open() {
    if (this.#middle.length > 0 && this.#modelName === this.model()?.name) return;
    for (const { select } of [this.across, this.down]) select.replaceChildren();
    await this.restart();
  }

  /** Draws another code for the middle of the map. */
  restart() {
    return this.#attempt(async () => {
      this.#modelName = this.model()?.name;
      const seed = Math.floor(Math.random() * SEEDS_BELOW);
      const job = await this.#make({ mode: "sample", count: 1, seed });
      this.#middle = job.result.latents[0];
      discard(job);
      this.#offerAxes();
      await this.#drawMap();
    });
  }

  /** Draws the map, with the point in its middle. */
  async #drawMap() {
    const job = await this.#make(mapOf(this.#middle, this.#axes()));
    await paint(this.map, job);
    discard(job);
    this.#move({ x: 0, y: 0 });
  }

  /**
   * Does something and tells what comes in its way.
   *
   * @param {() => Promise<void>} act
   */
  async #attempt(act) {
    this.element.setAttribute("aria-busy", "true");
    try {
      await act();
      this.told.textContent = "";
    } catch (error) {
      this.told.textContent = error instanceof Error ? error.message : "No picture";
    } finally {
      this.element.setAttribute("aria-busy", String(this.#isBusy));
    }
  }

  /**
   * Goes to a place, both parts in -1..1.
   *
   * @param {import("./plane.js").Place} place
   */
  #move(place) {
    this.#place = within(place);
    this.dot.style.setProperty("--x", `${100 * shareOf(this.#place.x)}%`);
    this.dot.style.setProperty("--y", `${100 * shareOf(this.#place.y)}%`);
    this.across.show(this.#place.x);
    this.down.show(this.#place.y);
    this.#next = this.#place;
    if (!this.#isBusy) this.#catchUp();
  }

  async #catchUp() {
    this.#isBusy = true;
    await this.#attempt(async () => {
      while (this.#next) {
        const place = this.#next;
        this.#next = null;
        const body = pictureAt(this.#middle, this.#axes(), place);
        const job = await this.#make(body, () => this.#next !== null);
        if (job.status === "succeeded") await this.#show(job, body);
      }
    }).finally(() => {
      this.#isBusy = false;
    });
    this.element.setAttribute("aria-busy", "false");
  }

  /**
   * @param {Job} job
   * @param {Body} body
   */
  async #show(job, body) {
    await paint(this.picture, job);
    if (this.#shown) discard(this.#shown.job);
    this.#shown = { job, body };
  }

  /** The directions that are chosen. */
  #axes() {
    return { across: axisNamed(this.across.select.value), down: axisNamed(this.down.select.value) };
  }

  /**
   * Makes something and waits for it.
   *
   * @param {Body} body
   * @param {() => boolean} [isStale] Whether nobody waits for it any more.
   * @returns {Promise<Job>}
   */
  async #make(body, isStale = () => false) {
    const model = this.model()?.name;
    const whole = { ...body, ...(model ? { model } : {}) };
    let job = await enter(this.kind.path, whole, { wait: WAIT_SECONDS });
    while (!isOver(job)) {
      if (isStale()) {
        const canceled = await read(`/v1/jobs/${job.id}/cancel`, { method: "POST" });
        discard(canceled);
        return canceled;
      }
      this.told.textContent = job.status === "queued" ? "Waiting in line" : "Painting";
      job = await read(`/v1/jobs/${job.id}`, { headers: { Prefer: `wait=${WAIT_SECONDS}` } });
    }
    if (job.status === "failed") throw new Error(job.error.detail);
    return job;
  }

  #offerAxes() {
    const concepts = namesOf(this.model(), "concepts");
    const numbers = this.#middle.map((_, n) => n);
    for (const [axis, place] of /** @type {const} */ ([[this.across, 0], [this.down, 1]])) {
      const had = axis.select.value;
      const named = concepts.map((name) => h("option", { value: name }, titled(name)));
      const counted = numbers.map((n) => h("option", { value: n }, `Number ${n}`));
      axis.select.replaceChildren(
        h("optgroup", { label: "Concepts", hidden: concepts.length === 0 }, ...named),
        h("optgroup", { label: "Numbers of the code" }, ...counted),
      );
      axis.select.value = had || (concepts[place] ?? String(place));
    }
  }

  /**
   * A direction and a slider along it, for those who don't drag.
   *
   * @param {string} title
   * @param {number} place
   */
  #axis(title, place) {
    const id = freshId("axis");
    const select = h("select", { id, onchange: () => this.#attempt(() => this.#drawMap()) });
    const slider = h("input", {
      type: "range",
      min: -1,
      max: 1,
      step: 0.02,
      "aria-label": `${title}, place`,
      oninput: () => {
        const moved = slider.valueAsNumber;
        this.#move(place === 0 ? { ...this.#place, x: moved } : { ...this.#place, y: moved });
      },
    });
    const show = (/** @type {number} */ part) => {
      slider.valueAsNumber = part;
      fill(slider);
      slider.setAttribute("aria-valuetext", figure(REACH * part));
    };
    const parts = [h("label", { for: id }, title), h("div", { class: "select" }, select), slider];
    const element = h("div", { class: "pad-axis" }, ...parts);
    return { element, select, show };
  }

  #receivePointer() {
    const follow = (/** @type {PointerEvent} */ event) => {
      const box = this.surface.getBoundingClientRect();
      this.#move({
        x: partAt((event.clientX - box.left) / box.width),
        y: partAt((event.clientY - box.top) / box.height),
      });
    };
    this.surface.addEventListener("pointerdown", (event) => {
      this.surface.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.surface.addEventListener("pointermove", (event) => {
      if (this.surface.hasPointerCapture(event.pointerId)) follow(event);
    });
    this.surface.addEventListener("keydown", (event) => {
      const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const way = ways[/** @type {"ArrowUp"} */ (event.key)];
      if (!way) return;
      event.preventDefault();
      this.#move({ x: this.#place.x + STEP * way[0], y: this.#place.y + STEP * way[1] });
    });
  }

  #laidOut() {
    /** @type {(name: import("./icons.js").IconName, title: string, act: () => void) => HTMLElement} */
    const button = (name, title, act) =>
      h("button", { type: "button", class: "quiet", onclick: act }, icon(name), title);
    const keep = button("plus", "Keep this picture", () => this.#keep());
    const again = button("dice", "Another middle", () => this.restart());
    this.surface.tabIndex = 0;
    this.surface.setAttribute("role", "group");
    this.surface.setAttribute("aria-label", "Plane of codes; arrow keys move the point");
    return h(
      "div",
      { class: "pad" },
      this.surface,
      this.picture,
      h("div", { class: "pad-axes" }, this.across.element, this.down.element),
      h("div", { class: "toolbar" }, keep, again, this.told),
    );
  }

  #keep() {
    if (!this.#shown) return;
    const { job, body } = this.#shown;
    this.#shown = null; // it is the gallery's now
    this.jobs.adopt(job, body);
    this.kept(job.id);
  }
}

/**
 * Puts a job's picture into an image, in place of the one before.
 *
 * @param {HTMLImageElement} image
 * @param {Job} job
 */
async function paint(image, job) {
  const before = image.src;
  image.src = await copyOf(job.outputs[0].url);
  await image.decode();
  if (before) URL.revokeObjectURL(before);
}

/**
 * Removes a job that was only looked at.
 *
 * @param {Job} job
 */
function discard(job) {
  // it goes by itself when its time is over
  send(`/v1/jobs/${job.id}`, { method: "DELETE" }).catch(() => {});
}
