/** What is written into boxes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { asWeights, escaped, json, numbers, scalar, scalars, unescaped } from "../../../api/studio/fields/written.js";

test("a number is one only if all of the word is", () => {
  assert.deepEqual(["7", "-1.5e3", "horse", "7th", "", "Infinity"].map(scalar), [7, -1500, "horse", "7th", "", "Infinity"]);
});

test("several are said with commas where several are taken", () => {
  assert.deepEqual(scalars(" horse, 3 ", true), ["horse", 3]);
  assert.equal(scalars("horse, 3", false), "horse, 3");
  assert.equal(scalars(" 3 ", true), 3);
  assert.equal(scalars("  ", true), undefined);
});

test("an empty place in a list is not taken for a zero", () => {
  assert.deepEqual(scalars("1,,2", true), [1, "", 2]);
});

test("numbers stand with anything between them, and what is none stays", () => {
  assert.deepEqual(numbers("1, 2;3\n4.5  x"), [1, 2, 3, 4.5, "x"]);
  assert.equal(numbers(" , "), undefined);
});

test("JSON is read, and what is none goes out as it is", () => {
  assert.deepEqual(json('{"relu4_1": 1}'), { relu4_1: 1 });
  assert.equal(json('{"relu4_1":'), '{"relu4_1":');
  assert.equal(json(" \n"), undefined);
});

test("a text in one line is the same text", () => {
  for (const text of ["", "plain", "a\nb\tc", "a\\nb", "\\", "\\\n\\\\t", "\n\n"]) {
    assert.equal(unescaped(escaped(text)), text);
    assert.doesNotMatch(escaped(text), /[\n\t]/);
  }
  assert.equal(unescaped("C:\\dir"), "C:\\dir");
});

test("a list of names stands for weights of one", () => {
  assert.deepEqual(asWeights(["a", "b"]), { a: 1, b: 1 });
  assert.deepEqual(asWeights({ a: 0.5 }), { a: 0.5 });
  assert.deepEqual(asWeights(undefined), {});
});
