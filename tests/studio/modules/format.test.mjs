/** Figures in words, names as headings, references as addresses. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { duration, figure, interval, rewrapped, size, standing, textFacts, titled } from "../../../api/studio/format.js";
import { namesOf } from "../../../api/studio/fields/names.js";
import { addressOf } from "../../../api/studio/references.js";

test("numbers have no needless digits", () => {
  assert.deepEqual([0.015, 1.4, 512, 100_000, 0.123456, 2 / 3e5].map(figure), ["0.015", "1.4", "512", "100,000", "0.123", "0.000007"]);
});

test("times are as short as they can be understood", () => {
  assert.deepEqual([0.25, 1, 9.96, 12.4, 89, 90, 5400].map(duration), ["250 ms", "1 s", "10 s", "12 s", "89 s", "2 min", "2 h"]);
  assert.equal(interval({ low: 2, high: 5 }), "2–5 s left");
  assert.equal(interval({ low: 50, high: 200 }), "50 s to 3 min left");
  assert.equal(interval({ low: 0, high: 0.4 }), "about 1 s left");
});

test("sizes and names are written as people write them", () => {
  assert.deepEqual([999, 1_500, 2_340_000].map(size), ["999 B", "2 kB", "2.3 MB"]);
  assert.deepEqual(["vae-sample", "gan", "long_hair"].map(titled), ["VAE sample", "GAN", "Long hair"]);
});

test("a text's facts are those that are known", () => {
  const known = { tokens: 1200, entropy_bits: 1.2345, verbatim_share: 0.034, unknown_characters: "ж" };

  assert.deepEqual(textFacts(known), ["1.23 bits per token", "3 % quoted", "1,200 tokens", "unknown to the model: ж"]);
  assert.deepEqual(textFacts({ entropy_bits: null, unknown_characters: "" }), []);
});

test("wrapped prose loses its line ends, verse keeps them", () => {
  const prose = "What is\ndone out of love always\ntakes place be-\nyond good--\nand evil.\nSo it is.\n\nAnother\nparagraph";
  const verse = "KING:\nNow is the winter\nof our discontent\nMade glorious summer\nBy this sun of York";

  assert.equal(
    rewrapped(prose),
    "What is done out of love always takes place be-yond good--and evil. So it is.\n\nAnother paragraph",
  );
  assert.equal(rewrapped(verse), verse);
  for (const text of ["", "\n", "one line", "two\n\nparagraphs", "  \n set in"]) assert.equal(rewrapped(text), text);
});

test("one is told how far a job has come", () => {
  const job = { status: "queued", queue_position: 3, eta: null, progress: { step: 0, total: 0 } };

  assert.equal(standing(null), "Asking …");
  assert.equal(standing(job), "Waiting, 3 before it");
  assert.equal(standing({ ...job, queue_position: 0, eta: { low: 2, high: 4 } }), "Next in line · 2–4 s left");
  assert.equal(standing({ ...job, status: "running" }), "Preparing");
  assert.equal(standing({ ...job, status: "running", progress: { step: 1200, total: 5000 } }), "Step 1,200 of 5,000");
  assert.equal(standing({ ...job, status: "canceling" }), "Stopping …");
});

test("pictures are found where their references say", () => {
  const sha256 = "0a".repeat(32);

  assert.equal(addressOf(`asset:${sha256}`), `/v1/assets/${sha256}`);
  assert.equal(addressOf("job:01m8a/2"), "/v1/jobs/01m8a/outputs/2");
  for (const other of ["data:image/png;base64,AA==", "https://example.org/a.png", "asset:beef"]) {
    assert.equal(addressOf(other), other);
  }
});

test("a model's names are read from itself or its card, as words or as objects", () => {
  const model = { concepts: [{ name: "smile" }, { name: "hat" }], card: { layers: ["a", "b"], class_list: { horse: 7 } } };

  assert.deepEqual(namesOf(model, "concepts"), ["smile", "hat"]);
  assert.deepEqual(namesOf(model, "layers"), ["a", "b"]);
  assert.deepEqual(namesOf(model, "class_list"), ["horse"]);
  assert.deepEqual(namesOf(undefined, "layers"), []);
});
