/** Where one artwork is seen: while it is being made, and when it is. */

import { details } from "./details.js";
import { announce, freshId, h } from "./dom.js";
import { standing, titled } from "./format.js";
import { icon } from "./icons.js";
import { isOver } from "./progress.js";
import { sketch } from "./sketch.js";
import { common, toolbar } from "./tools.js";
import { finishedWork, growingWork } from "./works.js";

/**
 * @typedef {import("./jobs.js").Entry} Entry
 * @typedef {import("./jobs.js").Jobs} Jobs
 * @typedef {import("./progress.js").JobState} JobState
 * @typedef {import("./progress.js").Job} Job
 * @typedef {import("./schema.js").Kind} Kind
 */

/** Shows one job at a time in its element. */
export class Stage {
  /** @type {string|null} */
  #id = null;
  #phase = "";
  /** @type {((state: JobState) => void)|null} */
  #update = null;

  /**
   * @param {HTMLElement} element
   * @param {Jobs} jobs
   * @param {Kind[]} kinds
   * @param {import("./tools.js").Actions} actions
   */
  constructor(element, jobs, kinds, actions) {
    this.element = element;
    this.jobs = jobs;
    this.kinds = kinds;
    this.actions = actions;
    jobs.addEventListener("job", (event) => {
      if (/** @type {CustomEvent} */ (event).detail === this.#id) this.#refresh();
    });
    jobs.addEventListener("list", () => {
      if (this.#id && !jobs.entry(this.#id)) this.clear(this.#kindOf(this.#shown));
    });
  }

  /** @type {Entry|null} */
  #shown = null;

  /** The id of the job that is shown. */
  get id() {
    return this.#id;
  }

  /** @param {string} id */
  show(id) {
    const entry = this.jobs.entry(id);
    if (!entry) return;
    this.#id = id;
    this.#shown = entry;
    this.#phase = "";
    this.#refresh();
  }

  /**
   * Shows that there is nothing yet.
   *
   * @param {Kind|undefined} kind
   */
  clear(kind) {
    this.#id = null;
    this.#phase = "";
    this.#update = null;
    const text = kind ? kind.summary : "";
    this.element.replaceChildren(
      h(
        "div",
        { class: "empty" },
        sketch(kind?.name ?? "genart"),
        h("p", { class: "empty-title" }, "The wall is still empty."),
        h("p", {}, `${text}. Say what you would like, and press Create.`),
      ),
    );
  }

  /**
   * Shows something else than a job.
   *
   * @param {...Node} content
   */
  lend(...content) {
    this.#id = null;
    this.#phase = "";
    this.element.replaceChildren(...content);
  }

  #refresh() {
    const entry = this.#shown;
    if (!entry || !this.#id) return;
    const state = this.jobs.state(this.#id);
    const phase = phaseOf(state);
    if (phase === this.#phase) {
      this.#update?.(state);
      return;
    }
    if (this.#phase === "active") announce(`${titled(entry.kind)}: ${state.job?.status ?? "gone"}`);
    this.#phase = phase;
    this.#update = null;
    const views = { active: activeView, done: doneView, ended: endedView, gone: goneView };
    const view = views[phase](this, entry, state);
    this.#update = view.update ?? null;
    this.element.replaceChildren(view.element);
    this.#update?.(state);
  }

  /** @param {Entry|null} entry */
  #kindOf(entry) {
    return this.kinds.find(({ name }) => name === entry?.kind);
  }
}

/**
 * @param {JobState} state
 * @returns {"active"|"done"|"ended"|"gone"}
 */
function phaseOf({ job, gone }) {
  if (gone) return "gone";
  if (job?.status === "succeeded") return "done";
  return isOver(job) ? "ended" : "active";
}

/**
 * @typedef {{element: HTMLElement, update?: (state: JobState) => void}} View
 *
 * @param {Stage} stage
 * @param {Entry} entry
 * @param {JobState} state
 * @returns {View}
 */
function activeView(stage, entry, { job }) {
  const work = growingWork(entry);
  const id = freshId("meter");
  const meter = h("progress", { max: 1, "aria-labelledby": id });
  const told = h("p", { id, class: "told" });
  const cancel = h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: async () => {
        cancel.disabled = true;
        await stage.jobs.cancel(entry.id);
      },
    },
    icon("close"),
    "Cancel",
  );
  let quarter = 0;

  /** @param {JobState} state */
  function update(state) {
    work.update(state);
    const { job } = state;
    const isMoving = job?.status === "running" && job.progress.total > 0;
    if (isMoving) meter.value = job.progress.fraction;
    else meter.removeAttribute("value");
    told.textContent = standing(job);
    const now = Math.floor(4 * (job?.progress.fraction ?? 0));
    if (now > quarter && now < 4) announce(`${titled(entry.kind)}: ${25 * now} percent`);
    quarter = now;
  }

  const bar = h("div", { class: "meter" }, meter, h("div", { class: "meter-line" }, told, cancel));
  const element = h("article", { class: "work" }, work.element, bar, caption(entry, job));
  return { element, update };
}

/**
 * @param {Stage} stage
 * @param {Entry} entry
 * @param {JobState} state
 * @returns {View}
 */
function doneView(stage, entry, { job }) {
  if (!job) return endedView(stage, entry, { job, partial: [], preview: null, gone: false });
  const kind = stage.kinds.find(({ name }) => name === entry.kind);
  const fields = kind?.fields.filter(({ type }) => type === "image").map(({ name }) => name) ?? [];
  const work = finishedWork(job, entry, fields);
  return {
    element: h(
      "article",
      { class: "work" },
      work,
      caption(entry, job),
      toolbar(stage, entry, job),
      details(job, entry, kind?.path ?? `/v1/${entry.kind}`),
    ),
  };
}

/**
 * @param {Stage} stage
 * @param {Entry} entry
 * @param {JobState} state
 * @returns {View}
 */
function endedView(stage, entry, { job }) {
  const titles = { canceled: "Canceled", expired: "It took too long", failed: "It did not work out" };
  const status = /** @type {"failed"} */ (job?.status ?? "failed");
  const notice = h(
    "div",
    { class: "notice" },
    h("p", { class: "notice-title" }, titles[status]),
    job?.error && h("p", {}, job.error.detail),
  );
  const tools = h("div", { class: "toolbar" }, ...common(stage, entry));
  return { element: h("article", { class: "work" }, notice, caption(entry, job), tools) };
}

/**
 * @param {Stage} stage
 * @param {Entry} entry
 * @returns {View}
 */
function goneView(stage, entry) {
  const notice = h(
    "div",
    { class: "notice" },
    h("p", { class: "notice-title" }, "Gone"),
    h("p", {}, "The service keeps works for a while only, and this one's time is over."),
  );
  const tools = h("div", { class: "toolbar" }, ...common(stage, entry));
  return { element: h("article", { class: "work" }, notice, caption(entry), tools) };
}

/**
 * What stands beside a work on a wall.
 *
 * @param {Entry} entry
 * @param {Job|null} [job]
 */
function caption(entry, job) {
  const { model = job?.request.model, preset = job?.request.preset, seed } = entry.sent;
  const said = [preset, model, `seed ${seed}`].filter(Boolean).join(" · ");
  const when = new Date(entry.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return h(
    "header",
    { class: "caption" },
    h("h2", {}, titled(entry.kind)),
    h("p", {}, said),
    h("p", { class: "when" }, when),
  );
}
