/**
 * The jobs of this browser: their ids lie in `localStorage`, their states are the service's.
 *
 * @typedef {import("./progress.js").JobState} JobState
 *
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} kind
 * @property {number} at When it was entered, in milliseconds.
 * @property {Record<string, any>} sent What was said, with the seed; files by their stored names.
 */

import { enter, ProblemError, read, send } from "./api.js";
import { after, answered, isOver, unknown } from "./progress.js";
import { follow } from "./stream.js";

const STORED = "genart-jobs";
const MOST = 200;
// Browsers open six connections to a service over HTTP/1.1; the rest is for everything else.
const MOST_STREAMS = 4;
const POLL_MS = 2500;

/** Emits `list` when jobs come or go, and `job` (detail: its id) when one changes. */
export class Jobs extends EventTarget {
  /** @type {Entry[]} */
  entries = stored();
  /** @type {Map<string, JobState>} */
  #states = new Map();
  /** @type {Map<string, AbortController>} */
  #streams = new Map();
  /** @type {Map<string, string>} */
  #places = new Map();

  constructor() {
    super();
    addEventListener("storage", (event) => {
      if (event.key === STORED) this.#show(stored());
    });
    document.addEventListener("visibilitychange", () => this.#wake());
    setInterval(() => this.#poll(), POLL_MS);
  }

  /**
   * @param {string} id
   * @returns {JobState}
   */
  state(id) {
    return this.#states.get(id) ?? unknown();
  }

  /** @param {string} id */
  entry(id) {
    return this.entries.find((entry) => entry.id === id);
  }

  /** Reads what has become of the jobs of earlier visits. */
  async recall() {
    const { jobs } = await read("/v1/jobs?limit=100");
    const listed = new Map(jobs.map((/** @type {any} */ job) => [job.id, job]));
    await Promise.all(
      this.entries.map(({ id }) => (listed.has(id) ? this.#learn(listed.get(id)) : this.refresh(id))),
    );
    this.#wake();
  }

  /**
   * Enters a job and follows it.
   *
   * @param {{name: string, path: string}} kind
   * @param {Record<string, any>} body
   * @returns {Promise<string>} Its id.
   */
  async submit(kind, body) {
    const job = await enter(kind.path, body);
    this.adopt(job, body);
    return job.id;
  }

  /**
   * Takes a job that was entered elsewhere among these.
   *
   * @param {Record<string, any>} job
   * @param {Record<string, any>} body What was sent.
   */
  adopt(job, body) {
    /** @type {Record<string, any>} */
    const sent = { ...body, seed: job.request.seed };
    for (const [field, value] of Object.entries(body)) {
      if ([value].flat().some((part) => part instanceof Blob)) sent[field] = job.request[field];
    }
    this.#learn(job);
    const entry = { id: job.id, kind: job.kind, at: Date.now(), sent };
    this.#relist([entry, ...stored()].slice(0, MOST));
    this.#wake();
  }

  /** @param {string} id */
  async cancel(id) {
    this.#learn(await read(`/v1/jobs/${id}/cancel`, { method: "POST" }));
  }

  /**
   * Removes a job here and at the service.
   *
   * @param {string} id
   */
  async remove(id) {
    this.#streams.get(id)?.abort();
    try {
      await send(`/v1/jobs/${id}`, { method: "DELETE" });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    this.#states.delete(id);
    this.#relist(stored().filter((entry) => entry.id !== id));
  }

  /**
   * Reads a job anew.
   *
   * @param {string} id
   */
  async refresh(id) {
    try {
      this.#learn(await read(`/v1/jobs/${id}`));
    } catch (error) {
      // what can't be read now is read again when it is looked at
      if (isGone(error)) this.#set(id, { ...this.state(id), gone: true });
    }
  }

  /** @param {Record<string, any>} job */
  #learn(job) {
    this.#set(job.id, answered(this.state(job.id), job));
  }

  /**
   * @param {string} id
   * @param {JobState} state
   */
  #set(id, state) {
    this.#states.set(id, state);
    this.dispatchEvent(new CustomEvent("job", { detail: id }));
  }

  /** @param {Entry[]} entries */
  #relist(entries) {
    localStorage.setItem(STORED, JSON.stringify(entries));
    this.#show(entries);
  }

  /** @param {Entry[]} entries */
  #show(entries) {
    this.entries = entries;
    this.dispatchEvent(new CustomEvent("list"));
  }

  #active() {
    return this.entries.filter(({ id }) => {
      const { job, gone } = this.state(id);
      return job && !gone && !isOver(job);
    });
  }

  /** Opens streams for the newest active jobs while the page is seen, and closes them otherwise. */
  #wake() {
    if (document.hidden) {
      for (const stream of this.#streams.values()) stream.abort();
      return;
    }
    for (const { id } of this.#active()) {
      if (this.#streams.size >= MOST_STREAMS) return;
      if (!this.#streams.has(id)) this.#follow(id);
    }
  }

  /** @param {string} id */
  async #follow(id) {
    const stream = new AbortController();
    this.#streams.set(id, stream);
    try {
      await follow(`/v1/jobs/${id}/events`, {
        after: this.#places.get(id),
        signal: stream.signal,
        onEvent: (name, data, place) => {
          this.#places.set(id, place);
          this.#set(id, after(this.state(id), name, data));
        },
      });
      if (!isOver(this.state(id).job)) await this.refresh(id);
    } catch {
      await this.refresh(id);
      return; // and look again at the next poll, not at once
    } finally {
      this.#streams.delete(id);
    }
    this.#wake();
  }

  #poll() {
    if (document.hidden) return;
    for (const { id } of this.#active()) this.refresh(id);
    this.#wake();
  }
}

/** @returns {Entry[]} */
function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** @param {unknown} error */
function isGone(error) {
  return error instanceof ProblemError && [404, 410].includes(error.problem.status);
}
