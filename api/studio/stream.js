/**
 * Following a job's events. Written on `fetch`, since an `EventSource` can't send a key; it resumes
 * behind the last event that came, as one would.
 */

import { send, ProblemError } from "./api.js";
import { createParser } from "./sse.js";

const MAX_PAUSE = 15_000;

/**
 * Reads a job's events to the last, across lost connections.
 *
 * @param {string} url
 * @param {{after?: string, signal: AbortSignal,
 *   onEvent: (name: string, data: any, id: string) => void}} options
 * @returns {Promise<void>} Fulfilled once nothing more will come.
 * @throws {ProblemError} If the job is not there.
 */
export async function follow(url, { after = "", signal, onEvent }) {
  let failures = 0;
  let last = after;
  while (!signal.aborted) {
    const parser = createParser();
    parser.lastId = last;
    try {
      const response = await send(url, { headers: headersFor(last), signal, cache: "no-store" });
      if (response.status === 204 || !response.body) return;
      for await (const text of textsOf(response.body)) {
        failures = 0;
        for (const { name, data } of parser.feed(text)) {
          last = parser.lastId;
          onEvent(name, JSON.parse(data), last);
          if (name === "done") return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ProblemError && isFinal(error.problem.status)) throw error;
    }
    await pause(Math.min(parser.retry * 2 ** failures, MAX_PAUSE), signal);
    failures += 1;
  }
}

/**
 * @param {string} last
 * @returns {Record<string, string>}
 */
function headersFor(last) {
  return { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
}

/** @param {number} status */
function isFinal(status) {
  return status >= 400 && status < 500;
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<string>}
 */
async function* textsOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
