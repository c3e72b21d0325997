import { assertEquals } from "@std/assert";
import type {
  Announce,
  Announcement,
  PublishOutcome,
  Retention,
  Store,
  StoredEvent,
} from "../../src/tasks/store.ts";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { TaskEvent } from "../../src/tasks/event.ts";
import type { Register } from "../support/needs.ts";

/** A store of one test's own; disposing of it closes it. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: Store;
  /**
   * Lets time pass, as the store sees it: by `FakeTime` where the store asks
   * `Date`, in another way where something else keeps its time.
   */
  elapse(ms: number): void | Promise<void>;
}

/** Opens an empty store. */
export type OpenStore = (
  retention: Retention,
  announce: Announce,
) => Promise<StoreFixture>;

/** The tasks that are watched in these tests: what happens to others need not be announced. */
const watchedIds = ["a", "b"];

/** A store under test. */
export interface Bench {
  readonly store: Store;
  /** The events that it announced, in that order. */
  readonly announced: readonly StoredEvent[];
  /** What it announced besides. */
  readonly noticed: readonly Announcement[];
  /** Publishes what must be stored. */
  put(taskId: string, draft?: EventDraft): Promise<TaskEvent>;
  elapse: StoreFixture["elapse"];
}

/** What a test wants of its store. */
export interface BenchOptions {
  readonly historyLimit?: number;
  /** How many watch each task, as the store is told. */
  readonly watchers?: number;
  /** Called with what is announced. */
  readonly onAnnounce?: (stored: StoredEvent, store: Store) => void;
}

/** How long a task outlives its last event in these tests. */
export const historyTtlMs = 60_000;

/** Registers a test that gets a store of its own. */
export type Test = (
  criterion: string,
  run: (bench: Bench) => Promise<void>,
  options?: BenchOptions,
) => void;

/** Makes a {@linkcode Test} for one kind of store. */
export function createTest(
  name: string,
  open: OpenStore,
  register: Register,
): Test {
  return (
    criterion,
    run,
    { historyLimit = 100, watchers = 1, onAnnounce } = {},
  ) => {
    register(`${name} ${criterion}`, async () => {
      const announced: StoredEvent[] = [];
      const noticed: Announcement[] = [];
      await using fixture = await open(
        { historyLimit, historyTtlMs },
        (announcement) => {
          if (announcement.kind === "event") {
            const { kind: _, ...stored } = announcement;
            announced.push(stored);
            onAnnounce?.(stored, fixture.store);
          } else noticed.push(announcement);
          return watchers;
        },
      );
      const { store } = fixture;
      for (const id of watchedIds) await store.watch(id, watchers);
      await run({
        store,
        announced,
        noticed,
        put: async (id, draft = {}) =>
          outcomeOf("stored", await store.publish(id, draft)).event,
        elapse: (ms) => fixture.elapse(ms),
      });
    });
  };
}

/** The outcome, which must be of this kind. */
export function outcomeOf<Kind extends PublishOutcome["kind"]>(
  kind: Kind,
  outcome: PublishOutcome,
): Extract<PublishOutcome, { kind: Kind }> {
  assertEquals(outcome.kind, kind, JSON.stringify(outcome));
  return outcome as Extract<PublishOutcome, { kind: Kind }>;
}
