/** The interval between two measurements, in milliseconds. */
const intervalMs = 1_000;

/** A watch over the process's memory; ends when disposed. */
export interface MemoryWatch extends Disposable {
  /** Resolves to the resident memory, in bytes, once above the limit; never without a limit. */
  readonly exceeded: Promise<number>;
}

/**
 * Watches the process's memory. This is the only defence against an endless
 * fragmented message: the runtime collects all fragments without a limit before
 * any handler runs.
 *
 * @param maxBytes The limit; 0 for no limit.
 * @param readBytes Reads the resident memory; only tests pass a different function.
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
