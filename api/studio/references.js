/** Pictures as requests name them. Pure. */

/**
 * Returns where a picture that a request names can be fetched.
 *
 * @param {string} reference `asset:<sha256>`, `job:<id>/<n>`, or an address itself.
 */
export function addressOf(reference) {
  const [, sha256] = /^asset:([0-9a-f]{64})$/.exec(reference) ?? [];
  if (sha256) return `/v1/assets/${sha256}`;
  const [, job, number] = /^job:(\w+)\/(\d+)$/.exec(reference) ?? [];
  return job ? `/v1/jobs/${job}/outputs/${number}` : reference;
}
