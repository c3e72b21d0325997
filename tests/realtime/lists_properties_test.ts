import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { hasSameRights, mayList, mayWatch } from "../../src/auth/access.ts";
import type { Identity } from "../../src/auth/identity.ts";
import { Connection } from "../../src/connections/connection.ts";
import { type ListRequest, Lists } from "../../src/realtime/lists.ts";
import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import type { Snapshot, TaskDescription } from "../../src/tasks/event.ts";
import {
  type Store,
  StoreDisconnectedError,
  type TaskAudience,
} from "../../src/tasks/store.ts";
import { Hub } from "../../src/watch/hub.ts";
import { ClientList } from "../support/client_list.ts";
import { fakeHandshake, FakeTransport } from "../support/fake_connection.ts";
import { FakeTime } from "../support/fake_time.ts";
import type { Frame } from "../support/socket.ts";

const historyTtlMs = 10_000;

function user(
  userId: string,
  claims: { tasks?: string[]; labels?: string[] } = {},
): Identity {
  const grant = { userId, scopes: new Set<string>(), ...claims };
  return { status: "authenticated", userId, grant };
}

const identities: readonly Identity[] = [
  { status: "guest", userId: "7" },
  user("7"),
  user("8"),
  user("7", { tasks: ["a", "b"] }),
  user("7", { tasks: ["c"], labels: ["rows"] }),
  user("8", { labels: ["team:*"] }),
  user("9", { labels: ["rows", "team:7"] }),
];

const requests: readonly Omit<ListRequest, "list">[] = [
  { mine: true },
  { mine: true, limit: 1 },
  { mine: true, limit: 2, status: ["queued", "running"] },
  { labels: ["rows"], limit: 2 },
  { labels: ["team:7", "rows"], limit: 1 },
  { labels: ["team:7"], status: ["running", "failed"] },
];

const ids = ["a", "b", "c", "d"] as const;
const id = fc.constantFrom(...ids);

/** A step of the backend, the client, the store or the network. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      id,
      /** Only the first event of a task has an owner and labels. */
      owner: fc.constantFrom(undefined, "7", "8"),
      labels: fc.subarray(["rows", "team:7", "team:8"]),
      status: fc.constantFrom("queued", "running", "succeeded", "failed"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("cancel" as const), id }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), id }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(1, 30, 100, 1_000, 6_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("become" as const),
      identity: fc.constantFrom(...identities),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("subscribe" as const),
      list: fc.constantFrom("one", "two"),
      request: fc.constantFrom(...requests),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("unsubscribe" as const),
      list: fc.constantFrom("one", "two"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      isFast: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      /** The store answers at once, or only later what it reads now, or later. */
      delay: fc.constantFrom("none", "before", "after"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("lose" as const),
      /** Announcements get lost, or the whole store is away. */
      loses: fc.constantFrom("nothing", "announcements", "all"),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A store, a client with lists, and the client's view of the lists. */
class World {
  readonly #time: FakeTime;
  readonly #hub = new Hub(undefined, { historyTtlMs });
  readonly #store: Store;
  readonly #lists: Lists;
  readonly #transport = new FakeTransport();
  readonly connection: Connection;
  #identity: Identity = user("7");
  /** The owner and labels of each history. */
  readonly #audiences = new Map<string, TaskAudience>();
  readonly #requests = new Map<string, ListRequest>();
  readonly #views = new Map<string, ClientList>();
  #delay: "none" | "before" | "after" = "none";
  #answered = Promise.withResolvers<void>();
  #loses: "nothing" | "announcements" | "all" = "nothing";
  #restored = Promise.withResolvers<void>();
  readonly #faults: unknown[] = [];

  constructor(time: FakeTime) {
    this.#time = time;
    const store = createMemoryStore(
      { historyLimit: 10, historyTtlMs },
      (announcement) => {
        if (announcement.kind === "topic_changed") {
          const { owner, snapshot: { labels } } = announcement.state;
          const history = historyOf(announcement.state.snapshot);
          this.#audiences.set(history, { owner, labels });
        }
        if (this.#loses !== "nothing") return 0;
        return this.#hub.announce(announcement);
      },
    );
    this.#store = store;
    this.#transport.send = (data) => {
      try {
        this.#take(JSON.parse(String(data)));
      } catch (error) {
        this.#faults.push(error); // the lists would catch the error
      }
    };
    this.connection = new Connection(this.#transport, fakeHandshake, {
      maxBufferedBytes: 1_000,
      stallTimeoutMs: Infinity,
    });
    this.#lists = new Lists(this.connection, {
      hub: this.#hub,
      store: {
        list: (query) => this.#answer(() => store.list(query)),
        read: (...args) => this.#answer(() => store.read(...args)),
      },
    }, this);
  }

  get identity(): Identity {
    return this.#identity;
  }

  mayWatch(taskId: string, task: TaskAudience): boolean {
    return mayWatch(this.#identity, taskId, task);
  }

  async #answer<T>(read: () => Promise<T>): Promise<T> {
    if (this.#delay === "before") await this.#answered.promise;
    if (this.#loses === "all") {
      throw new StoreDisconnectedError("away", this.#restored.promise);
    }
    const answer = await read();
    if (this.#delay === "after") await this.#answered.promise;
    return answer;
  }

  /** Checks each frame at the moment of sending. */
  #take(frame: Frame): void {
    const name = String(frame.list);
    const tasks = frame.type === "list_update" ? [frame.task] : frame.tasks;
    for (const task of (tasks ?? []) as TaskDescription[]) {
      this.#checkTask(name, task);
    }
    const view = this.#views.get(name);
    assert(view, `a frame of no list: ${JSON.stringify(frame)}`);
    view.take(frame);
    if (frame.type === "error") {
      assertEquals(frame.code, "forbidden");
      this.#requests.delete(name);
      this.#views.delete(name);
    }
    const { limit = 100 } = this.#requests.get(name) ?? {};
    if (frame.type !== "list_remove") assert(view.ids.length <= limit);
  }

  #checkTask(name: string, task: TaskDescription): void {
    const { connection_id: taskId, status } = task;
    const audience = this.#audiences.get(historyOf(task));
    assert(audience && this.mayWatch(taskId, audience), "may not watch");
    const request = this.#requests.get(name);
    assert(request && mayList(this.#identity, request.labels ?? []));
    assert(request.status?.includes(status) ?? true);
    assert(
      request.labels?.every((label) => audience.labels?.includes(label)) ??
        audience.owner === this.#identity.userId,
    );
  }

  /** Checks the frames so far, and that the client has no forbidden task. */
  check(): void {
    for (const fault of this.#faults) throw fault;
    for (const view of this.#views.values()) {
      for (const task of view.tasks) {
        const audience = this.#audiences.get(historyOf(task));
        assert(audience && this.mayWatch(task.connection_id, audience));
      }
    }
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case "publish":
        return await this.#publish(step);
      case "cancel":
        await this.#store.publish(step.id, { kind: "cancel" });
        break;
      case "delete":
        await this.#store.forget(step.id);
        break;
      case "pass":
        this.#time.tick(step.ms);
        break;
      case "become": {
        const before = this.#identity;
        this.#identity = step.identity;
        if (hasSameRights(before, step.identity)) break;
        this.#lists.recheckAccess();
        this.#lists.reopen();
        break;
      }
      case "subscribe": {
        const request = { ...step.request, list: step.list };
        this.#requests.set(step.list, request);
        // A list of the same name is replaced when the new one arrives.
        if (!this.#views.has(step.list)) {
          this.#views.set(step.list, new ClientList());
        }
        this.#lists.open(request);
        break;
      }
      case "unsubscribe":
        this.#lists.end(step.list);
        this.#requests.delete(step.list);
        this.#views.delete(step.list);
        break;
      case "read":
        this.#transport.bufferedAmount = step.isFast ? 0 : 500;
        break;
      case "answer":
        this.#delay = step.delay;
        this.#answered.resolve();
        this.#answered = Promise.withResolvers();
        break;
      case "lose":
        this.#lose(step.loses);
        break;
    }
  }

  async #publish(
    { id, owner, labels, status }: Extract<Step, { kind: "publish" }>,
  ): Promise<void> {
    const { state } = await this.#store.read(id);
    const first = state
      ? { attempt: state.snapshot.attempt + 1 }
      : { ...(owner ? { user_id: owner } : {}), labels };
    await this.#store.publish(id, { ...first, status });
  }

  #lose(loses: "nothing" | "announcements" | "all"): void {
    const hasLost = this.#loses !== "nothing";
    const wasAway = this.#loses === "all";
    this.#loses = loses;
    if (wasAway && loses !== "all") {
      this.#restored.resolve();
      this.#restored = Promise.withResolvers();
    }
    if (!hasLost || loses !== "nothing") return;
    for (
      const topic of [
        "owner:7",
        "owner:8",
        "owner:9",
        "label:rows",
        "label:team:7",
      ] as const
    ) this.#hub.announce({ kind: "topic_missed", topic });
  }

  /** Waits until nothing more happens. */
  async quieten(): Promise<void> {
    await this.run({ kind: "read", isFast: true });
    await this.run({ kind: "answer", delay: "none" });
    await this.run({ kind: "lose", loses: "nothing" });
    for (let second = 1; second < 4 || this.#hasExpired; second += 1) {
      assert(second < 20, "expired tasks stay");
      await this.#time.runMicrotasks();
      this.#time.tick(1_000);
      await this.#time.runMicrotasks();
    }
  }

  /** True if the client has a task that expired less than a second ago. */
  get #hasExpired(): boolean {
    return this.#views.values().some(({ tasks }) =>
      tasks.some(({ updated_at }) =>
        Date.parse(updated_at) + historyTtlMs <= Date.now()
      )
    );
  }

  /** Compares the client's lists with the store. */
  async compare(): Promise<void> {
    for (const [name, { mine, labels, status, limit }] of this.#requests) {
      const { states } = await this.#store.list({
        ...(mine ? { owner: this.#identity.userId } : {}),
        ...(labels ? { labels } : {}),
        ...(status ? { statuses: status } : {}),
        limit: 1_000,
      });
      const expected = states.filter(({ snapshot, owner }) =>
        this.mayWatch(snapshot.connection_id, {
          owner,
          labels: snapshot.labels,
        })
      ).slice(0, limit);
      const tasks = this.#views.get(name)?.tasks ?? [];
      assertEquals(
        tasks.map(inShort).toSorted(),
        expected.map(({ snapshot, cancelRequested }) =>
          inShort({ ...snapshot, cancel_requested: cancelRequested })
        ).toSorted(),
      );
      // Within a millisecond, the client can't know the order.
      assertEquals(
        tasks.map(({ updated_at }) => updated_at),
        expected.map(({ snapshot }) => snapshot.updated_at),
      );
    }
  }
}

/** Names a life of a task. */
function historyOf({ connection_id, epoch }: Snapshot): string {
  return `${connection_id} ${epoch}`;
}

function inShort(
  task:
    & Pick<TaskDescription, "connection_id" | "epoch" | "offset" | "status">
    & { cancel_requested?: true | undefined },
): string {
  const { connection_id, epoch, offset, status, cancel_requested } = task;
  return [connection_id, epoch, offset, status, cancel_requested].join();
}

/** Lets promises that wait for nothing but each other settle. */
async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await undefined;
}

Deno.test("Lists never show a forbidden task, and end equal to the store", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(step, fc.boolean()), { maxLength: 60, size: "max" }),
      async (steps) => {
        using time = new FakeTime();
        const world = new World(time);
        for (const [step, settles] of steps) {
          await world.run(step);
          world.check();
          if (settles) await settlePromises();
        }
        await world.quieten();
        world.check();
        await world.compare();
        world.connection.ended();
      },
    ),
    { numRuns: 200 },
  );
});
