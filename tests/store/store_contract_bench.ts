import { isOfTopic } from "../support/announcements.ts";
import { assertEquals } from "@std/assert";
import type {
  Announce,
  Announcement,
  PublishOutcome,
  Retention,
  Store,
  StoredEvent,
  TopicAnnouncement,
} from "../../src/tasks/store.ts";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { TaskEvent } from "../../src/tasks/event.ts";
import type { Register } from "../support/needs.ts";

/** A store for a test. Disposing closes the store. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: Store;
  /**
   * Lets time pass for the store: with `FakeTime` if the store uses `Date`,
   * otherwise with the store's own clock.
   */
  elapse(ms: number): void | Promise<void>;
}

/** Opens an empty store. */
export type OpenStore = (
  retention: Retention,
  announce: Announce,
) => Promise<StoreFixture>;

/** The watched tasks: changes of other tasks need not be announced. */
const watchedIds = ["a", "b"];

/** A store under test. */
export interface Bench {
  readonly store: Store;
  /** The announced events, in order. */
  readonly announced: readonly StoredEvent[];
  /** The announcements other than events. */
  readonly noticed: readonly Announcement[];
  /** The announcements for lists. */
  readonly ofTopics: readonly TopicAnnouncement[];
  /** Publishes a change. Fails if the change is refused. */
  put(taskId: string, draft?: EventDraft): Promise<TaskEvent>;
  elapse: StoreFixture["elapse"];
}

/** Options of a test's store. */
export interface BenchOptions {
  readonly historyLimit?: number;
  /** The number of watchers per task, as set in the store. */
  readonly watchers?: number;
  /** Called with every announced event. */
  readonly onAnnounce?: (stored: StoredEvent, store: Store) => void;
}

/** The time from a task's last event until expiry. */
export const historyTtlMs = 60_000;

/** Registers a test with a new store. */
export type Test = (
  criterion: string,
  run: (bench: Bench) => Promise<void>,
  options?: BenchOptions,
) => void;

/** Makes a {@linkcode Test} for a kind of store. */
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
      const ofTopics: TopicAnnouncement[] = [];
      await using fixture = await open(
        { historyLimit, historyTtlMs },
        (announcement) => {
          if (announcement.kind === "event") {
            const { kind: _, ...stored } = announcement;
            announced.push(stored);
            onAnnounce?.(stored, fixture.store);
          } else if (isOfTopic(announcement)) ofTopics.push(announcement);
          else noticed.push(announcement);
          return watchers;
        },
      );
      const { store } = fixture;
      for (const id of watchedIds) await store.watch(id, watchers);
      await run({
        store,
        announced,
        noticed,
        ofTopics,
        put: async (id, draft = {}) =>
          outcomeOf("stored", await store.publish(id, draft)).event,
        elapse: (ms) => fixture.elapse(ms),
      });
    });
  };
}

/** Returns the outcome. Fails unless the outcome has the given kind. */
export function outcomeOf<Kind extends PublishOutcome["kind"]>(
  kind: Kind,
  outcome: PublishOutcome,
): Extract<PublishOutcome, { kind: Kind }> {
  assertEquals(outcome.kind, kind, JSON.stringify(outcome));
  return outcome as Extract<PublishOutcome, { kind: Kind }>;
}
