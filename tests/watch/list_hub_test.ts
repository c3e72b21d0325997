import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Snapshot } from "../../src/tasks/event.ts";
import type { TaskState } from "../../src/tasks/state.ts";
import {
  StoreUnavailableError,
  type TopicAnnouncement,
} from "../../src/tasks/store.ts";
import {
  type ListedTask,
  ListHub,
  type TopicFollower,
} from "../../src/watch/list_hub.ts";
import { captureLog } from "../support/captured_log.ts";
import { FakeTime } from "../support/fake_time.ts";

class FakeList implements TopicFollower {
  /** The calls in short: the method or the status, the task, and the offset. */
  readonly got: string[] = [];
  readonly tasks: ListedTask[] = [];
  readonly checks: number[] = [];

  update(task: ListedTask): void {
    const { status, connection_id, offset } = task.state.snapshot;
    this.got.push(`${status} ${connection_id} ${offset}`);
    this.tasks.push(task);
  }

  remove(taskId: string): void {
    this.got.push(`remove ${taskId}`);
  }

  refresh(): void {
    this.got.push("refresh");
  }

  check(oldestKeptMs: number): void {
    this.checks.push(oldestKeptMs);
  }
}

/** A change of a task, by default of user 7's. */
function changed(
  taskId: string,
  offset: number,
  { owner = "7", ...members }: Partial<Snapshot> & Partial<TaskState> = {},
): TopicAnnouncement {
  const timestamp = "2026-11-23T20:20:58.123Z";
  return {
    kind: "topic_changed",
    state: {
      owner,
      snapshot: {
        connection_id: taskId,
        offset,
        event_id: "one",
        status: "running",
        attempt: 1,
        timestamp,
        epoch: "e1",
        created_at: timestamp,
        updated_at: timestamp,
        ...members,
      },
    },
  };
}

function createHub(options: ConstructorParameters<typeof ListHub>[0] = {}) {
  return new ListHub(options, () => 0);
}

Deno.test("ListHub.announce() merges the changes of a task within 100 ms", async () => {
  using time = new FakeTime();
  const hub = createHub();
  const list = new FakeList();
  await hub.join("owner:7", list);
  hub.announce(changed("a", 1));
  time.tick(60);
  hub.announce(changed("a", 2));
  hub.announce(changed("b", 1));
  time.tick(39);
  hub.announce(changed("a", 3));
  assertEquals(list.got, []);
  time.tick(1);
  assertEquals(list.got, ["running a 3"]);
  hub.announce(changed("a", 4));
  time.tick(60);
  assertEquals(list.got, ["running a 3", "running b 1"]);
  time.tick(40);
  assertEquals(list.got, ["running a 3", "running b 1", "running a 4"]);
  hub.leave("owner:7", list);
});

Deno.test("ListHub.announce() delivers ten updates of a task per second at most", async () => {
  using time = new FakeTime();
  const hub = createHub();
  const list = new FakeList();
  await hub.join("owner:7", list);
  for (let offset = 1; offset <= 1_000; offset += 1) {
    hub.announce(changed("a", offset));
    time.tick(1);
  }
  assertEquals(list.got.length, 10);
  time.tick(100);
  hub.leave("owner:7", list);
});

Deno.test("ListHub.announce() delivers the end of an attempt at once, and nothing older later", async () => {
  using time = new FakeTime();
  const hub = createHub();
  const list = new FakeList();
  await hub.join("owner:7", list);
  hub.announce(changed("a", 1));
  hub.announce(changed("a", 2, { status: "failed" }));
  assertEquals(list.got, ["failed a 2"]);
  hub.announce(changed("a", 3, { attempt: 2 }));
  hub.announce(changed("a", 4, { attempt: 2, status: "succeeded" }));
  time.tick(200);
  assertEquals(list.got, ["failed a 2", "succeeded a 4"]);
  hub.leave("owner:7", list);
});

Deno.test("ListHub.announce() delivers a deletion at once, and nothing older later", async () => {
  using time = new FakeTime();
  const hub = createHub();
  const [list, other] = [new FakeList(), new FakeList()];
  await hub.join("label:rows", list);
  await hub.join("owner:8", other);
  hub.announce(changed("a", 1, { labels: ["import", "rows"] }));
  hub.announce({
    kind: "topic_deleted",
    taskId: "a",
    owner: "7",
    labels: ["import", "rows"],
  });
  assertEquals(list.got, ["remove a"]);
  time.tick(200);
  assertEquals([list.got, other.got], [["remove a"], []]);
  hub.leave("label:rows", list);
  hub.leave("owner:8", other);
});

Deno.test("ListHub.announce() reaches the lists of the task's topics alone", async () => {
  using time = new FakeTime();
  const hub = createHub();
  const topics = [
    "owner:7",
    "owner:8",
    "label:rows",
    "label:7",
    "all",
  ] as const;
  const lists = topics.map((topic) => ({ topic, list: new FakeList() }));
  for (const { topic, list } of lists) await hub.join(topic, list);
  hub.announce(changed("a", 1, { labels: ["rows"] }));
  hub.announce(changed("b", 1, { owner: "8" }));
  hub.announce({ kind: "topic_missed", topic: "label:7" });
  time.tick(100);
  assertEquals(lists.map(({ list }) => list.got), [
    ["running a 1"],
    ["running b 1"],
    ["running a 1"],
    ["refresh"],
    ["running a 1", "running b 1"],
  ]);
  for (const { topic, list } of lists) hub.leave(topic, list);
});

Deno.test("ListHub.announce() follows a task that expires and begins anew with another owner", async () => {
  using time = new FakeTime();
  const hub = createHub();
  const [before, after] = [new FakeList(), new FakeList()];
  await hub.join("owner:7", before);
  await hub.join("owner:8", after);
  hub.announce(changed("a", 9));
  hub.announce(changed("a", 1, { owner: "8", epoch: "e2" }));
  time.tick(100);
  assertEquals([before.got, after.got], [[], ["running a 1"]]);
  hub.leave("owner:7", before);
  hub.leave("owner:8", after);
});

Deno.test("ListHub.announce() delivers nothing older after missed announcements", async () => {
  using time = new FakeTime();
  const hub = createHub();
  const [list, other] = [new FakeList(), new FakeList()];
  await hub.join("label:rows", list);
  await hub.join("owner:7", other);
  hub.announce(changed("a", 1, { labels: ["rows"] }));
  hub.announce(changed("b", 1));
  hub.announce({ kind: "topic_missed", topic: "label:rows" });
  assertEquals([list.got, other.got], [
    ["running a 1", "refresh"],
    ["running a 1"],
  ]);
  time.tick(100);
  assertEquals([list.got.length, other.got], [2, [
    "running a 1",
    "running b 1",
  ]]);
  hub.leave("label:rows", list);
  hub.leave("owner:7", other);
});

Deno.test("ListHub.announce() encodes a snapshot once for all lists, with the number of watchers", async () => {
  const hub = new ListHub({}, () => 2);
  const lists = [new FakeList(), new FakeList()];
  for (const list of lists) await hub.join("owner:7", list);
  hub.announce(changed("a", 1, { status: "succeeded" }));
  const [first, second] = lists.map(({ tasks }) => tasks[0]);
  assert(first);
  assertStrictEquals(first, second);
  const { json, version } = first;
  assertEquals(JSON.parse(json).watchers, 2);
  assertStrictEquals(first.version, version);
  const announcement = changed("a", 2, { status: "succeeded" });
  hub.announce(
    announcement.kind === "topic_changed"
      ? { ...announcement, watchers: 5 } // on all nodes
      : announcement,
  );
  assertEquals(JSON.parse(lists[0]?.tasks[1]?.json ?? "").watchers, 5);
  for (const list of lists) hub.leave("owner:7", list);
});

Deno.test("ListHub.announce() does not look at a change without lists", () => {
  const hub = createHub();
  const untouchable = changed("a", 1);
  for (const name of ["state", "taskId"]) {
    Object.defineProperty(untouchable, name, {
      get() {
        throw new Error("read");
      },
    });
  }
  hub.announce(untouchable);
  assertEquals(hub.listCount, 0);
});

Deno.test("ListHub.announce() goes on when a list leaves meanwhile", async () => {
  const hub = createHub();
  const lists = [new FakeList(), new FakeList()] as const;
  for (const list of lists) await hub.join("owner:7", list);
  lists[0].update = () => hub.leave("owner:7", lists[0]);
  hub.announce(changed("a", 1, { status: "failed" }));
  assertEquals(lists[1].got, ["failed a 1"]);
  hub.leave("owner:7", lists[1]);
});

Deno.test("ListHub.leastFollowed() chooses the topic with the fewest lists, or the first", async () => {
  const hub = createHub();
  const [list, other] = [new FakeList(), new FakeList()];
  assertEquals(hub.leastFollowed(["label:a", "label:b"]), "label:a");
  for (const each of [list, other]) await hub.join("label:a", each);
  await hub.join("label:b", list);
  assertEquals(hub.leastFollowed(["label:a", "label:b"]), "label:b");
  assertEquals(hub.leastFollowed(["label:a", "label:b", "label:c"]), "label:c");
  for (const each of [list, other]) hub.leave("label:a", each);
  hub.leave("label:b", list);
});

Deno.test("ListHub.join() reports the topic, and leave() only after the last list", async () => {
  const told: [string, boolean][] = [];
  const hub = createHub({
    onTopic(topic, isFollowed) {
      told.push([topic, isFollowed]);
      return Promise.resolve();
    },
  });
  const lists = [new FakeList(), new FakeList()] as const;
  for (const list of lists) await hub.join("owner:7", list);
  assertEquals([hub.listCount, hub.topicCount], [2, 1]);
  hub.leave("owner:7", lists[0]);
  hub.leave("owner:7", lists[0]); // repeated
  hub.leave("label:7", lists[1]); // another topic
  assertEquals([hub.listCount, told.filter(([, isFollowed]) => !isFollowed)], [
    1,
    [],
  ]);
  hub.leave("owner:7", lists[1]);
  assertEquals([hub.listCount, hub.topicCount], [0, 0]);
  assertEquals(told.at(-1), ["owner:7", false]);
});

Deno.test("ListHub.leave() leaves no timer behind", async () => {
  using time = new FakeTime();
  const hub = createHub();
  const list = new FakeList();
  await hub.join("owner:7", list);
  hub.announce(changed("a", 1));
  hub.leave("owner:7", list);
  assertEquals(time.next(), false);
  // Nor an update for the next list.
  await hub.join("owner:7", list);
  time.tick(200);
  assertEquals(list.got, []);
  hub.leave("owner:7", list);
});

Deno.test("ListHub.leave() logs an error of the store, except an outage", async () => {
  using log = captureLog();
  const errors = [new StoreUnavailableError("away"), new Error("broken")];
  const hub = createHub({
    onTopic: (_, isFollowed) =>
      isFollowed ? Promise.resolve() : Promise.reject(errors.shift()),
  });
  for (let count = 0; count < 2; count += 1) {
    const list = new FakeList();
    await hub.join("owner:7", list);
    hub.leave("owner:7", list);
  }
  await log.wrote("broken");
  assertEquals(log.text.includes("away"), false);
});

Deno.test("ListHub checks its lists every second", async () => {
  using time = new FakeTime();
  const hub = createHub({ historyTtlMs: 60_000 });
  const list = new FakeList();
  await hub.join("owner:7", list);
  const start = Date.now();
  time.tick(2_500);
  assertEquals(list.checks, [start - 59_000, start - 58_000]);
  hub.leave("owner:7", list);
});
