/**
 * How this program is called again: the binary by its name, the source by the
 * task that runs it, on a machine that has only Node.
 */
export function invocation(): string {
  if (!Deno.build.standalone) {
    return `npx -y deno@${Deno.version.deno} task start`;
  }
  return Deno.execPath();
}
