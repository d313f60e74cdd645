/** Sliders over ranges of any width. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { scaleOf } from "../../../api/studio/scale.js";

const RANGES = [
  { min: 0, max: 1, integer: false, anchor: 0.5 },
  { min: 1, max: 100_000, integer: true, anchor: 400 },
  { min: 0, max: 1e6, integer: false, openMin: true, anchor: 10 },
  { min: -5, max: 5, integer: false, anchor: null },
  { min: 1, max: 8, integer: true, anchor: 1 },
];
const PLACES = Array.from({ length: 101 }, (_, n) => n / 100);

test("a slider goes from one bound to the other and never back", () => {
  for (const range of RANGES) {
    const { value } = scaleOf(range);
    const values = PLACES.map(value);

    assert.equal(values.at(-1), range.max);
    assert.ok(range.openMin ? values[0] > range.min : values[0] === range.min);
    assert.deepEqual(values, [...values].sort((a, b) => a - b));
  }
});

test("a value stands where the hand that chose it was", () => {
  for (const range of RANGES) {
    const { value, place } = scaleOf(range);
    for (const each of PLACES) assert.equal(value(place(value(each))), value(each));
  }
});

test("a default far below the middle of its range has room on both sides", () => {
  const { place, value } = scaleOf(RANGES[1]);

  assert.ok(Math.abs(place(400) - 0.4) < 0.01);
  assert.ok(Math.abs(place(400 / 4) - place(4 * 400)) > 0.1);
  assert.equal(value(place(400)), 400);
});

test("whole numbers stay whole, and what lies outside is put at an end", () => {
  const { value, place } = scaleOf(RANGES[4]);

  assert.ok(PLACES.map(value).every(Number.isInteger));
  assert.deepEqual([value(-1), value(2), place(0), place(99)], [1, 8, 0, 1]);
});
