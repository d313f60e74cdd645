/** Lines for a shell, read by a shell. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { curlLine, quoted } from "../../../api/studio/curl.js";

const WORDS = ["", "it's", "''", "$HOME `id` $(id)", 'say "so"', "back\\slash\\", "two\nlines\t!", "*?[a]{b,c}~#;&|<>", "äß \u{1d11e}", "-n"];

/** Returns the words that a shell makes of a line. */
function wordsOf(line, env = {}) {
  const output = execFileSync("sh", ["-c", `set -- ${line}\nprintf '%s\\0' "$@"`], { env, encoding: "utf8" });
  return output.split("\0").slice(0, -1);
}

test("a shell reads a quoted text as it is", () => {
  assert.deepEqual(wordsOf(WORDS.map(quoted).join(" ")), WORDS);
});

test("a line sends the body and waits for the work", () => {
  const body = { prompt: "it's \"$HOME\"\n", seed: 7 };
  const words = wordsOf(curlLine("http://127.0.0.1:8000/v1/text", body, false));

  assert.deepEqual(words.slice(0, -2), ["curl", "-s", "-H", "Prefer: wait=60", "--json"]);
  assert.deepEqual(JSON.parse(words.at(-2)), body);
  assert.equal(words.at(-1), "http://127.0.0.1:8000/v1/text");
});

test("a key is named, not told", () => {
  const line = curlLine("http://127.0.0.1:8000/v1/text", {}, true);

  assert.ok(wordsOf(line, { GENART_KEY: "genart_abc" }).includes("Authorization: Bearer genart_abc"));
});
