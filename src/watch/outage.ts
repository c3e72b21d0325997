/** A wait for a disconnected store. */
export interface OutageWait {
  /** Resolves once the store is back, or at {@linkcode OutageWait.giveUp}. */
  readonly over: Promise<void>;
  /** Stops waiting; may be repeated. */
  giveUp(): void;
}

/** The pending waits of each outage. */
const waits = new WeakMap<Promise<void>, Set<() => void>>();

/**
 * Waits for a disconnected store, with a way to give up. A bare promise keeps
 * all its callbacks until settled, and in a long outage watchers come and go
 * without end.
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
