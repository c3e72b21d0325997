/**
 * The start of a command line that calls this program again: the path of the
 * binary, or `deno task start` through npx for a machine with only Node.
 */
export function invocation(): string {
  if (!Deno.build.standalone) {
    return `npx -y deno@${Deno.version.deno} task start`;
  }
  return Deno.execPath();
}
