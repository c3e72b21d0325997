/**
 * Formats a rate to three digits, without an exponent if possible: `3.14 rows/s`.
 *
 * @param {number} rate In units per second.
 * @param {string} [unit]
 * @returns {string}
 */
export function formatRate(rate, unit = "") {
  return `${Number(rate.toPrecision(3))} ${unit}/s`;
}

/**
 * Formats an estimated time in its largest two units: `2 h 5 min left`.
 *
 * @param {number} ms
 * @returns {string}
 */
export function formatTimeLeft(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min left`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours} h ${minutes % 60} min left`
    : `${Math.round(hours / 24)} days left`;
}
