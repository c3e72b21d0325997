import type { Counters, PublishResult } from "../metrics/counters.ts";
import type { StoreOperation } from "../metrics/durations.ts";
import type { Throughput } from "../metrics/throughput.ts";
import {
  backUp,
  BackupUnsupportedError,
  type PublishOutcome,
  type Store,
  StoreUnavailableError,
} from "../tasks/store.ts";

/** Wraps a store, and counts calls, durations and outcomes. */
export function meteredStore(
  store: Store,
  counters: Counters,
  throughput: Throughput,
): Store {
  const { durations, publishes, storeErrors } = counters;

  async function measured<T>(
    operation: StoreOperation,
    ask: () => Promise<T>,
  ): Promise<T> {
    const startedAtMs = performance.now();
    try {
      return await ask();
    } catch (error) {
      const isRefusal = error instanceof BackupUnsupportedError;
      if (!isRefusal) storeErrors[operation] += 1;
      throw error;
    } finally {
      durations.store.observe(
        (performance.now() - startedAtMs) / 1_000,
        operation,
      );
    }
  }

  /** @returns The duration in milliseconds. */
  function measurePublish(startedAtMs: number): number {
    const tookMs = performance.now() - startedAtMs;
    durations.store.observe(tookMs / 1_000, "publish");
    return tookMs;
  }

  /**
   * A publish resolves after the announcement, so the duration includes
   * delivery to the watchers' sockets.
   */
  function countOutcome(outcome: PublishOutcome, tookMs: number): void {
    publishes[outcome.kind] += 1;
    if (outcome.kind !== "stored") return;
    const { delivered } = outcome;
    throughput.publish(tookMs, delivered);
    if (delivered === 0) return;
    counters.deliveries += delivered;
    durations.delivery.observe(tookMs / 1_000);
  }

  function countFailure(error: unknown): void {
    publishes[failureOf(error)] += 1;
  }

  return {
    async publish(taskId, change) {
      const startedAtMs = performance.now();
      try {
        const outcome = await store.publish(taskId, change);
        countOutcome(outcome, measurePublish(startedAtMs));
        return outcome;
      } catch (error) {
        measurePublish(startedAtMs);
        storeErrors.publish += 1;
        countFailure(error);
        throw error;
      }
    },
    async publishAll(publications) {
      const startedAtMs = performance.now();
      try {
        const results = await store.publishAll(publications);
        const tookMs = measurePublish(startedAtMs);
        for (const result of results) {
          if (result.status === "rejected") countFailure(result.reason);
          else countOutcome(result.value, tookMs);
        }
        return results;
      } catch (error) {
        measurePublish(startedAtMs);
        storeErrors.publish += 1;
        for (const _ of publications) countFailure(error);
        throw error;
      }
    },
    read: (taskId, since, limit, enough) =>
      measured("read", () => store.read(taskId, since, limit, enough)),
    readEvents: (taskId, since, limit, enough) =>
      measured(
        "read",
        () => store.readEvents(taskId, since, limit, enough),
      ),
    list: (query) => measured("list", () => store.list(query)),
    forget: (taskId, epoch) =>
      measured("forget", () => store.forget(taskId, epoch)),
    backup: () => measured("backup", () => backUp(store)),
    watch: (taskId, watchers, listeners) =>
      store.watch(taskId, watchers, listeners),
    follow: (topic, isFollowed) => store.follow(topic, isFollowed),
    close: () => store.close(),
  };
}

function failureOf(error: unknown): PublishResult {
  return error instanceof StoreUnavailableError ? "unavailable" : "failed";
}
