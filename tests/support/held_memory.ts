import v8 from "node:v8";
import vm from "node:vm";

/** Returns the memory of the process after garbage collection, in bytes. */
export function heldMemory(): number {
  v8.setFlagsFromString("--expose-gc");
  vm.runInNewContext("gc")();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
