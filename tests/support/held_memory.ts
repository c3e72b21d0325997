import v8 from "node:v8";
import vm from "node:vm";

/** What the process holds after its garbage is collected, in bytes. */
export function heldMemory(): number {
  v8.setFlagsFromString("--expose-gc");
  vm.runInNewContext("gc")();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
