/** Waits for a store that is away. */
export interface OutageWait {
  /** Resolves when the store is back, or it was given up. */
  readonly over: Promise<void>;
  /** Waits no longer; harmless when repeated. */
  giveUp(): void;
}

/** Who waits, by what they wait for. */
const waits = new WeakMap<Promise<void>, Set<() => void>>();

/**
 * Waits for a store that is away, and can be given up: a promise would keep
 * whoever waits on it until it settles, and in a long outage watchers come and
 * go without end.
 *
 * @param restored See `StoreDisconnectedError`.
 */
export function waitForStore(restored: Promise<void>): OutageWait {
  const waiting = waits.get(restored) ?? beginToWait(restored);
  const { promise: over, resolve } = Promise.withResolvers<void>();
  waiting.add(resolve);
  return {
    over,
    giveUp() {
      waiting.delete(resolve);
      resolve();
    },
  };
}

function beginToWait(restored: Promise<void>): Set<() => void> {
  const waiting = new Set<() => void>();
  waits.set(restored, waiting);
  restored.then(() => {
    waits.delete(restored);
    for (const resolve of waiting) resolve();
  });
  return waiting;
}
