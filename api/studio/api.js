/** Talking to the service. */

/**
 * @typedef {object} Problem As RFC 9457 has it.
 * @property {string} code
 * @property {string} title
 * @property {string} detail
 * @property {number} status
 * @property {{pointer?: string, detail: string}[]} [errors]
 */

const KEY = "genart-key";

/** @type {(() => Promise<boolean>)|null} */
let askForKey = null;

/** What the service answered instead of what was asked for. */
export class ProblemError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/**
 * Sets what to do when the service wants a key: ask for one, and say whether one was given.
 *
 * @param {() => Promise<boolean>} ask
 */
export function onKeyWanted(ask) {
  askForKey = ask;
}

/** @returns {string} The key of this session, "" without one. */
export function currentKey() {
  return sessionStorage.getItem(KEY) ?? "";
}

/** @param {string} key "" forgets it. */
export function setKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

/**
 * Sends a request; a service that wants a key gets it, once it has been asked for.
 *
 * @param {string} path
 * @param {RequestInit & {headers?: Record<string, string>}} [init]
 * @returns {Promise<Response>} A good answer.
 * @throws {ProblemError}
 */
export async function send(path, init = {}) {
  const response = await attempt(path, init);
  if (response.status === 401 && askForKey && (await askForKey())) return send(path, init);
  if (response.ok || response.status === 304) return response;
  throw new ProblemError(await problemOf(response));
}

/**
 * Reads JSON.
 *
 * @param {string} path
 * @param {RequestInit & {headers?: Record<string, string>}} [init]
 * @returns {Promise<any>}
 */
export async function read(path, init) {
  return (await send(path, init)).json();
}

/**
 * Enters a job.
 *
 * @param {string} path
 * @param {Record<string, any>} body Its pictures may be files, also within lists.
 * @param {{wait?: number, signal?: AbortSignal}} [options] `wait`: seconds to hold the answer back.
 * @returns {Promise<Record<string, any>>} The job.
 */
export function enter(path, body, { wait = 0, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = wait ? { Prefer: `wait=${wait}` } : {};
  if (Object.values(body).flat().some(isFile)) {
    return read(path, { method: "POST", body: formOf(body), headers, signal });
  }
  headers["Content-Type"] = "application/json";
  return read(path, { method: "POST", body: JSON.stringify(body), headers, signal });
}

/**
 * Returns an address that an `<img>` can show: the plain one, or that of a copy which was fetched
 * with the key.
 *
 * @param {string} path
 * @returns {Promise<string>}
 */
export async function source(path) {
  if (!currentKey()) return path;
  let copy = copies.get(path);
  if (!copy) {
    copy = copyOf(path);
    copies.set(path, copy);
    copy.catch(() => copies.delete(path));
  }
  return copy;
}

/**
 * Fetches a picture and returns the address of the copy, which stays when the picture goes.
 *
 * @param {string} path
 */
export async function copyOf(path) {
  const response = await send(path);
  return URL.createObjectURL(await response.blob());
}

/** @type {Map<string, Promise<string>>} */
const copies = new Map();

/**
 * @param {string} path
 * @param {RequestInit & {headers?: Record<string, string>}} init
 */
async function attempt(path, init) {
  const key = currentKey();
  const headers = key ? { ...init.headers, Authorization: `Bearer ${key}` } : init.headers;
  try {
    return await fetch(path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    const detail = "The service can't be reached. Is it running?";
    throw new ProblemError({ code: "unreachable", title: "No connection", detail, status: 0 });
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
async function problemOf(response) {
  const { status, statusText } = response;
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/problem+json")) return response.json();
  const title = statusText || "Something went wrong";
  return { code: `http_${status}`, title, detail: `The service answered ${status}`, status };
}

/** @param {any} value */
function isFile(value) {
  return value instanceof Blob;
}

/**
 * Returns a body as a form: pictures as files, lists of pictures as a repeated field, what isn't
 * plain as JSON text.
 *
 * @param {Record<string, any>} body
 */
function formOf(body) {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) {
    const parts = Array.isArray(value) && value.some(isFile) ? value : [value];
    for (const part of parts) {
      form.append(name, isFile(part) || typeof part === "string" ? part : JSON.stringify(part));
    }
  }
  return form;
}
