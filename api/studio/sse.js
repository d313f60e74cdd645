/**
 * Server-sent events out of text that comes in pieces (WHATWG HTML, section 9.2). Pure.
 *
 * @typedef {object} ServerEvent
 * @property {string} name
 * @property {string} data
 */

/**
 * Returns a reader; each `feed` yields the events that have become whole. `lastId` is the id to
 * resume behind, `retry` the pause in milliseconds that the service asks for.
 */
export function createParser() {
  let rest = "";
  let name = "";
  /** @type {string[]} */
  let lines = [];
  const parser = {
    lastId: "",
    retry: 2000,
    /**
     * @param {string} text
     * @returns {Generator<ServerEvent>}
     */
    *feed(text) {
      const parts = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() ?? "";
      for (const line of parts) {
        if (line) {
          take(line);
        } else {
          if (lines.length) yield { name: name || "message", data: lines.join("\n") };
          [name, lines] = ["", []];
        }
      }
    },
  };

  /** @param {string} line */
  function take(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "data") lines.push(value);
    else if (field === "id") parser.lastId = value;
    else if (field === "retry" && /^\d+$/.test(value)) parser.retry = Number(value);
  }

  return parser;
}
