/** Invisible characters, and characters for changing the direction of text (UAX #9). */
const controls =
  /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Spells out the control characters in a stranger's text: `[U+202E]`.
 *
 * @param {string} text
 */
export function visible(text) {
  return text.replace(controls, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return `[U+${code.padStart(4, "0")}]`;
  });
}

/**
 * Wraps a stranger's text in a `bdi`, to isolate the direction of the text.
 *
 * @param {string} text
 */
export function isolated(text) {
  const element = document.createElement("bdi");
  element.textContent = visible(text);
  return element;
}
