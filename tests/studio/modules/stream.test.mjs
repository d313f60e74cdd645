/** Following a job's events across lost connections, from a server that loses them. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

globalThis.sessionStorage = { getItem: () => null };
const { follow } = await import("../../../api/studio/stream.js");

/** Runs a server that answers one request after the other by the parts given. */
async function serving(answers, use) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.headers["last-event-id"] ?? "");
    answers[Math.min(asked.length, answers.length) - 1](response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${server.address().port}/events`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return asked;
}

/** Returns an answer of events; one that is cut off ends without a last chunk. */
const sending = (text, { isCut = false } = {}) => (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`retry: 1\n\n${text}`, () => (isCut ? response.destroy() : response.end()));
};

const event = (id, name, data) => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Follows to the end and returns what came. */
async function followed(url, after) {
  const events = [];
  const { signal } = new AbortController();
  await follow(url, { after, signal, onEvent: (name, data, id) => events.push([name, data, id]) });
  return events;
}

test("a lost connection is taken up behind the last whole event", async () => {
  let events;
  const asked = await serving(
    [
      sending(`${event("1", "snapshot", {})}${event("2", "token", "a")}id: 3\nevent: token\ndata: "lo`, { isCut: true }),
      (response) => response.writeHead(503).end(),
      sending(event("3", "token", "b") + event("4", "done", {})),
    ],
    async (url) => {
      events = await followed(url);
    },
  );

  assert.deepEqual(asked, ["", "2", "2"]);
  assert.deepEqual(events, [
    ["snapshot", {}, "1"],
    ["token", "a", "2"],
    ["token", "b", "3"],
    ["done", {}, "4"],
  ]);
});

test("an event without an id leaves the place where it was", async () => {
  const unnamed = 'event: token\ndata: "a"\n\n';
  const asked = await serving(
    [sending(event("5", "token", "a"), { isCut: true }), sending(unnamed, { isCut: true }), sending(event("6", "done", {}))],
    followed,
  );

  assert.deepEqual(asked, ["", "5", "5"]);
});

test("it begins behind the event that is named, and ends where nothing is left to tell", async () => {
  let events;
  const asked = await serving([(response) => response.writeHead(204).end()], async (url) => {
    events = await followed(url, "9");
  });

  assert.deepEqual([asked, events], [["9"], []]);
});

test("a job that is not there is not asked for again", async () => {
  const problem = JSON.stringify({ code: "not_found", title: "Not found", detail: "No such job", status: 404 });
  const gone = (response) => response.writeHead(404, { "content-type": "application/problem+json" }).end(problem);
  const asked = await serving([gone], async (url) => {
    await assert.rejects(followed(url), { message: "No such job" });
  });

  assert.equal(asked.length, 1);
});

test("who has had enough hears no more", async () => {
  const events = [];
  const stop = new AbortController();
  await serving([(response) => response.writeHead(200).write(event("1", "token", "a"))], (url) =>
    follow(url, {
      signal: stop.signal,
      onEvent: (name) => {
        events.push(name);
        stop.abort();
      },
    }),
  );

  assert.deepEqual(events, ["token"]);
});
