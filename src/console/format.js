const numbers = new Intl.NumberFormat("en");
const shortNumbers = new Intl.NumberFormat("en", {
  notation: "compact",
  maximumFractionDigits: 1,
});

/** Lead of the server's clock over the browser's clock, in milliseconds. */
let clockSkewMs = 0;

/**
 * Records the server's clock, as the reference for all times from the server.
 *
 * @param {string} text
 */
export function setServerTime(text) {
  clockSkewMs = Date.parse(text) - Date.now();
}

/** The time at the server, in milliseconds since 1970. */
export function serverNow() {
  return Date.now() + clockSkewMs;
}

/**
 * `12,345`
 *
 * @param {number} number
 */
export function formatNumber(number) {
  return numbers.format(number);
}

/**
 * `12.3K`, for places with little room.
 *
 * @param {number} number
 */
export function formatShort(number) {
  return shortNumbers.format(number);
}

/**
 * `7 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`.
 *
 * @param {number} ms
 */
export function formatDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * `512 B`, `1.5 KiB`, `3 MiB`.
 *
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  if (bytes < 1_024) return `${bytes} B`;
  const isLarge = bytes >= 1_048_576;
  const amount = bytes / (isLarge ? 1_048_576 : 1_024);
  return `${amount.toFixed(1).replace(".0", "")} ${isLarge ? "MiB" : "KiB"}`;
}

/**
 * The time of day where the operator is: `14:03:09`.
 *
 * @param {number} ms
 */
export function formatTime(ms) {
  return new Date(ms).toLocaleTimeString("en-GB");
}

/** The longest JSON to show, in characters. Long `data` of a task must not freeze the page. */
const maxJsonLength = 100_000;

/** A string, an empty container or any single character. */
const jsonTokens = /"(?:[^"\\]|\\.)*"|\[\]|\{\}|[^]/g;

/**
 * Formats a value as JSON: indented if short enough, otherwise compact, and cut to
 * the longest length. `JSON.stringify` with indentation could turn nested arrays
 * into megabytes.
 *
 * @param {unknown} value
 */
export function formatJson(value) {
  const text = JSON.stringify(value);
  let indented = "";
  let depth = 0;
  for (const [token] of text.matchAll(jsonTokens)) {
    if (token === "[" || token === "{") {
      indented += `${token}${lineAt(++depth)}`;
    } else if (token === "]" || token === "}") {
      indented += `${lineAt(--depth)}${token}`;
    } else if (token === ",") indented += `,${lineAt(depth)}`;
    else indented += token === ":" ? ": " : token;
    if (indented.length > maxJsonLength) return cutJson(text);
  }
  return indented;
}

/** @param {number} depth */
function lineAt(depth) {
  return `\n${"  ".repeat(depth)}`;
}

/** @param {string} text */
function cutJson(text) {
  if (text.length <= maxJsonLength) return text;
  const note = `… (${formatNumber(text.length)} characters in all)`;
  return text.slice(0, maxJsonLength - note.length) + note;
}
