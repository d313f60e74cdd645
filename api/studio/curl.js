/** A job's request as a line for a shell. Pure. */

/**
 * Returns a line that sends this body again and waits for the artwork.
 *
 * @param {string} url
 * @param {Record<string, any>} body
 * @param {boolean} withKey Whether the service asks for a key, which the line takes from `$GENART_KEY`.
 */
export function curlLine(url, body, withKey) {
  const words = ["curl -s", "-H 'Prefer: wait=60'"];
  if (withKey) words.push('-H "Authorization: Bearer $GENART_KEY"');
  words.push("--json", quoted(JSON.stringify(body)), url);
  return words.join(" ");
}

/**
 * Quotes a text for POSIX shells.
 *
 * @param {string} text
 */
export function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
