/** Server-sent events, by the cases of the specification and in any pieces. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createParser } from "../../../api/studio/sse.js";

const STREAM =
  ": a comment\n" +
  "retry: 500\n\n" +
  "id: 1-0\r\nevent: snapshot\r\ndata: {\"a\":\r\ndata:  1}\r\n\r\n" +
  "data:no space\rdata\rdata:\r\r" +
  "event: progress\n\n" + // no data: nothing happens
  "id: 3-0\nevent: token\ndata: \u{1d11e}: ü\n\n" +
  "data: cut off by the end of";

const EVENTS = [
  { name: "snapshot", data: '{"a":\n 1}' },
  { name: "message", data: "no space\n\n" },
  { name: "token", data: "\u{1d11e}: ü" },
];

test("events are read as the specification has it", () => {
  const parser = createParser();

  assert.deepEqual([...parser.feed(STREAM)], EVENTS);
  assert.equal(parser.lastId, "3-0");
  assert.equal(parser.retry, 500);
});

test("it makes no difference where a stream is cut into pieces", () => {
  for (let first = 0; first <= STREAM.length; first += 1) {
    for (const second of [first, first + 1, first + 7]) {
      const parser = createParser();
      const pieces = [STREAM.slice(0, first), STREAM.slice(first, second), STREAM.slice(second)];
      const events = pieces.flatMap((piece) => [...parser.feed(piece)]);

      assert.deepEqual(events, EVENTS, `cut at ${first} and ${second}`);
    }
  }
});

test("an id holds for the events behind it, and one that is no number sets no pause", () => {
  const parser = createParser();
  const ids = [...parser.feed("id: 7\ndata: a\n\ndata: b\n\nretry: soon\n\n")].map(() => parser.lastId);

  assert.deepEqual(ids, ["7", "7"]);
  assert.equal(parser.retry, 2000);
});
