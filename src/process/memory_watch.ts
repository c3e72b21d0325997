/** How often memory is looked at, in milliseconds. */
const intervalMs = 1_000;

/** A watch over the process's memory; dispose of it to end it. */
export interface MemoryWatch extends Disposable {
  /** Resolves to the resident memory, in bytes, once that is over the bound; never where there is none. */
  readonly exceeded: Promise<number>;
}

/**
 * Watches the memory that the process takes: the only defence against a
 * message sent in fragments, which the runtime collects without bound and
 * shows to nobody before it is complete.
 *
 * @param maxBytes 0 for no bound.
 * @param readBytes Only tests pass another one.
 */
export function watchMemory(
  maxBytes: number,
  readBytes: () => number = () => Deno.memoryUsage().rss,
): MemoryWatch {
  const { promise, resolve } = Promise.withResolvers<number>();
  const timer = maxBytes === 0 ? undefined : setInterval(() => {
    const bytes = readBytes();
    if (bytes > maxBytes) resolve(bytes);
  }, intervalMs);
  return { exceeded: promise, [Symbol.dispose]: () => clearInterval(timer) };
}
