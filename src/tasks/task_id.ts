/** The longest `connection_id`, in characters (spec §1). */
export const maxConnectionIdLength = 256;

/**
 * Matches a `connection_id` after percent-decoding. Halves of surrogate pairs are
 * not valid Unicode, and URLs drop `.` and `..` from a path, even encoded (URL
 * Standard, "shorten a path").
 */
export const taskIdPattern = /^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]{1,256}$/u;

/**
 * Checks a `connection_id` after percent-decoding.
 *
 * @returns A sentence for the sender about the fault, or `undefined` for a
 * valid id.
 */
export function taskIdFault(id: string): string | undefined {
  if (taskIdPattern.test(id)) return undefined;
  if (id === "") return "The connection_id is empty";
  if (/\p{Cc}/u.test(id)) return "The connection_id has a control character";
  if (/\p{Cs}/u.test(id)) return "The connection_id is not valid Unicode";
  if (/^\.{1,2}$/.test(id)) return "The connection_id is . or ..";
  return `The connection_id is longer than ${maxConnectionIdLength} characters`;
}
