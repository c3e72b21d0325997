/** The longest `connection_id`, in characters (spec §1). */
export const maxConnectionIdLength = 256;

/**
 * Says what is wrong with a `connection_id` after percent-decoding.
 *
 * @returns The fault as a sentence for the sender, or `undefined` for a good id.
 */
export function taskIdFault(id: string): string | undefined {
  if (id === "") return "The connection_id is empty";
  // Counted in code points, and only where code units don't settle it already.
  if (
    id.length > maxConnectionIdLength && [...id].length > maxConnectionIdLength
  ) {
    return `The connection_id is longer than ${maxConnectionIdLength} characters`;
  }
  if (/\p{Cc}/u.test(id)) return "The connection_id has a control character";
  // Half of a surrogate pair. Older browsers have no `isWellFormed`.
  if (/\p{Cs}/u.test(id)) return "The connection_id is not valid Unicode";
  // URLs drop both from a path, even encoded (URL Standard, "shorten a path").
  if (/^\.{1,2}$/.test(id)) return "The connection_id is . or ..";
  return undefined;
}
