/** The longest `connection_id`, in characters (spec §1). */
export const maxConnectionIdLength = 256;

/**
 * Checks a `connection_id` after percent-decoding.
 *
 * @returns A sentence for the sender about the fault, or `undefined` for a
 * valid id.
 */
export function taskIdFault(id: string): string | undefined {
  if (id === "") return "The connection_id is empty";
  // Counting code points is slow, so only done if the code units are too
  // many.
  if (
    id.length > maxConnectionIdLength && [...id].length > maxConnectionIdLength
  ) {
    return `The connection_id is longer than ${maxConnectionIdLength} characters`;
  }
  if (/\p{Cc}/u.test(id)) return "The connection_id has a control character";
  // Half of a surrogate pair. Older browsers have no `isWellFormed`.
  if (/\p{Cs}/u.test(id)) return "The connection_id is not valid Unicode";
  // URLs drop both from a path, even encoded (URL Standard, "shorten a
  // path").
  if (/^\.{1,2}$/.test(id)) return "The connection_id is . or ..";
  return undefined;
}
