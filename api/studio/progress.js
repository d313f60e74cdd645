/**
 * What is known of a job, and how each event changes it. Pure.
 *
 * @typedef {Record<string, any>} Job As `GET /v1/jobs/{id}` describes it.
 *
 * @typedef {object} JobState
 * @property {Job|null} job Null until it has been read.
 * @property {string[]} partial The texts so far, one per sample.
 * @property {{url: string, width: number, height: number}|null} preview The picture so far.
 * @property {boolean} gone Whether the service has removed it.
 */

const ENDS = ["succeeded", "failed", "canceled", "expired"];

/** @returns {JobState} */
export function unknown() {
  return { job: null, partial: [], preview: null, gone: false };
}

/**
 * Returns the state after an event of the job's stream.
 *
 * @param {JobState} state
 * @param {string} name
 * @param {any} data
 * @returns {JobState}
 */
export function after(state, name, data) {
  if (name === "snapshot") {
    return { ...state, job: data.job, partial: data.partial, preview: data.preview };
  }
  if (name === "result") return { ...state, job: data.job };
  if (!state.job) return state;
  if (name === "status") return afterStatus(state, data);
  if (name === "progress") {
    const fraction = data.total ? Math.min(data.step / data.total, 1) : 0;
    const progress = { step: data.step, total: data.total, fraction };
    return { ...state, job: { ...state.job, progress, version: data.version } };
  }
  if (name === "token") return { ...state, partial: withToken(state.partial, data) };
  if (name === "preview") return { ...state, preview: data };
  return state;
}

/**
 * Returns the state after the service was asked.
 *
 * @param {JobState} state
 * @param {Record<string, any>} job Its answer.
 * @returns {JobState}
 */
export function answered(state, job) {
  // the stream may be ahead of an answer; place in line and estimate are only ever answered
  const isBehind = (state.job?.version ?? -1) > job.version;
  const { queue_position, eta } = job;
  return { ...state, job: isBehind ? { ...state.job, queue_position, eta } : job, gone: false };
}

/** @param {Job|null|undefined} job */
export function isOver(job) {
  return !!job && ENDS.includes(job.status);
}

/**
 * @param {JobState} state
 * @param {any} data
 * @returns {JobState}
 */
function afterStatus(state, { status, attempt, version }) {
  // an end is told by `result`, which follows at once and has the outputs
  if (ENDS.includes(status)) return state;
  const job = { ...state.job, status, attempt, version };
  // a job that lost its worker begins anew
  return status === "queued" ? { ...state, job, partial: [], preview: null } : { ...state, job };
}

/**
 * @param {string[]} partial
 * @param {{sample: number, offset: number, text: string}} token Its offset counts code points.
 */
function withToken(partial, { sample, offset, text }) {
  const texts = [...partial];
  while (texts.length <= sample) texts.push("");
  const sofar = texts[sample];
  // code points are counted only where some take two units, or where text is replaced
  const kept = offset >= sofar.length ? sofar : Array.from(sofar).slice(0, offset).join("");
  texts[sample] = kept + text;
  return texts;
}
