/** What is known of a job: event by event, from any of its snapshots, and by asking. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { after, answered, isOver, unknown } from "../../../api/studio/progress.js";

const QUEUED = { id: "a", status: "queued", version: 1, attempt: 0, queue_position: 2, eta: null, progress: { step: 0, total: 0, fraction: 0 } };
const DONE = { ...QUEUED, status: "succeeded", version: 9, outputs: [{ url: "/x" }] };
const PREVIEW = { url: "/p", width: 8, height: 4 };
const EVENTS = [
  ["status", { status: "running", attempt: 1, version: 2 }],
  ["progress", { step: 1, total: 4, version: 3 }],
  ["token", { sample: 0, offset: 0, text: "ab\u{1d11e}" }],
  ["preview", PREVIEW],
  ["token", { sample: 1, offset: 0, text: "x" }],
  ["token", { sample: 0, offset: 3, text: "c" }],
  ["progress", { step: 4, total: 4, version: 5 }],
  ["status", { status: "succeeded", attempt: 1, version: 9 }],
  ["result", { job: DONE }],
];

/** Returns the state behind some events. */
const fold = (events, state) => events.reduce((now, [name, data]) => after(now, name, data), state);
const begun = () => fold([["snapshot", { job: QUEUED, partial: [], preview: null }]], unknown());

test("a job is followed from its place in line to its outputs", () => {
  const running = fold(EVENTS.slice(0, 7), begun());

  assert.equal(running.job.status, "running");
  assert.deepEqual(running.job.progress, { step: 4, total: 4, fraction: 1 });
  assert.deepEqual(running.partial, ["ab\u{1d11e}c", "x"]);
  assert.deepEqual(running.preview, PREVIEW);
  assert.deepEqual(fold(EVENTS, begun()).job, DONE);
});

test("a snapshot in the middle stands for all that came before", () => {
  const whole = fold(EVENTS, begun());
  for (let place = 0; place <= EVENTS.length; place += 1) {
    const { job, partial, preview } = fold(EVENTS.slice(0, place), begun());
    const again = fold([["snapshot", { job, partial, preview }], ...EVENTS.slice(place)], unknown());

    assert.deepEqual(again, whole, `taken up behind event ${place}`);
  }
});

test("text that comes twice is there once, also behind letters of two units", () => {
  const tokens = EVENTS.filter(([name]) => name === "token");
  const once = fold(tokens, begun());

  assert.deepEqual(fold([...tokens, ...tokens], begun()).partial[0], "ab\u{1d11e}c");
  assert.deepEqual(fold([...tokens, tokens.at(-1)], begun()).partial, once.partial);
});

test("a job that lost its worker begins anew", () => {
  const lost = after(fold(EVENTS.slice(0, 6), begun()), "status", { status: "queued", attempt: 1, version: 6 });

  assert.deepEqual([lost.job.status, lost.partial, lost.preview], ["queued", [], null]);
});

test("an end is told once its outputs are known", () => {
  const ended = after(begun(), "status", { status: "succeeded", attempt: 1, version: 9 });

  assert.equal(isOver(ended.job), false);
  assert.equal(isOver(after(ended, "result", { job: DONE }).job), true);
});

test("events before the first snapshot, and unknown ones, change nothing", () => {
  assert.deepEqual(after(unknown(), "progress", { step: 1, total: 2, version: 1 }), unknown());
  assert.deepEqual(after(begun(), "weather", { rain: true }), begun());
});

test("an answer that is older than the stream tells only the place in line and the estimate", () => {
  const ahead = fold(EVENTS.slice(0, 2), begun());
  const eta = { low: 1, high: 2 };
  const told = answered(ahead, { ...QUEUED, version: 1, queue_position: 0, eta });

  assert.deepEqual([told.job.status, told.job.version], ["running", 3]);
  assert.deepEqual([told.job.queue_position, told.job.eta], [0, eta]);
});

test("an answer of the same version has more to say than its event", () => {
  const ahead = fold(EVENTS.slice(0, 2), begun());
  const full = { ...ahead.job, started_at: "now" };

  assert.deepEqual(answered(ahead, full).job, full);
});

test("a newer answer holds, and what was gone is there again", () => {
  const told = answered({ ...begun(), gone: true }, DONE);

  assert.deepEqual([told.job, told.gone], [DONE, false]);
});
