/**
 * Returns the start of a command line for another call of this program: the
 * path of the binary, or `deno task start` through npx, for machines with only
 * Node.
 */
export function invocation(): string {
  if (!Deno.build.standalone) {
    return `npx -y deno@${Deno.version.deno} task start`;
  }
  return Deno.execPath();
}
