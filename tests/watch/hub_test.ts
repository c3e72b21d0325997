import { assertEquals } from "@std/assert";
import { encodeTask } from "../../src/protocol/server_frames.ts";
import type { StoredEvent } from "../../src/tasks/store.ts";
import { Hub, type Watcher } from "../../src/watch/hub.ts";
import { captureLog } from "../support/captured_log.ts";

class FakeWatcher implements Watcher {
  readonly got: [StoredEvent, string][] = [];
  readonly notices: string[] = [];
  readonly #reach: () => boolean;

  constructor(reach: () => boolean = () => true) {
    this.#reach = reach;
  }

  deliver(stored: StoredEvent, frame: string): boolean {
    this.got.push([stored, frame]);
    return this.#reach();
  }

  notify(frame: string): void {
    this.notices.push(frame);
  }

  forget(frame: string): void {
    this.notices.push(frame);
  }

  refresh(): void {
    this.notices.push("refresh");
  }
}

function stored(
  taskId: string,
  data: unknown = null,
): StoredEvent & { kind: "event" } {
  const event = {
    connection_id: taskId,
    offset: 1,
    event_id: "one",
    status: "running",
    attempt: 1,
    data,
    timestamp: "2026-11-23T20:20:58.123Z",
  } as const;
  return {
    kind: "event",
    position: { epoch: "e1", offset: 1 },
    event,
    json: JSON.stringify(event),
  };
}

Deno.test("Hub.announce() reaches only the watchers of the event's task", () => {
  const hub = new Hub();
  const [first, second, other] = [1, 2, 3].map(() => new FakeWatcher());
  const event = stored("a");
  for (const watcher of [first, second]) hub.join("a", watcher as FakeWatcher);
  hub.join("A", other as FakeWatcher);
  assertEquals(hub.announce(event), 2);
  for (const watcher of [first, second]) {
    assertEquals(watcher?.got, [[event, encodeTask(event.json)]]);
  }
  assertEquals(other?.got, []);
});

Deno.test("Hub.announce() counts only reached watchers", () => {
  const hub = new Hub();
  hub.join("a", new FakeWatcher());
  hub.join("a", new FakeWatcher(() => false));
  assertEquals(hub.announce(stored("a")), 1);
});

Deno.test("Hub.announce() goes on when a watcher leaves meanwhile", () => {
  const hub = new Hub();
  const leaver: FakeWatcher = new FakeWatcher(() => {
    hub.leave("a", leaver);
    return false;
  });
  const stayer = new FakeWatcher();
  hub.join("a", leaver);
  hub.join("a", stayer);
  assertEquals(hub.announce(stored("a")), 1);
  assertEquals(hub.announce(stored("a")), 1);
  assertEquals([leaver.got.length, stayer.got.length], [1, 2]);
});

Deno.test("Hub.join() adds a watcher once per task", () => {
  const hub = new Hub();
  const watcher = new FakeWatcher();
  for (const id of ["a", "a", "b"]) hub.join(id, watcher);
  assertEquals([hub.watcherCount("a"), hub.watcherCount("b")], [1, 1]);
  assertEquals(hub.announce(stored("a")), 1);
  assertEquals(watcher.got.length, 1);
});

Deno.test("Hub.leave() removes a watcher from a single task", () => {
  const hub = new Hub();
  const [watcher, other] = [new FakeWatcher(), new FakeWatcher()];
  for (const id of ["a", "b"]) hub.join(id, watcher);
  hub.join("a", other);
  hub.leave("a", watcher);
  assertEquals([hub.watcherCount("a"), hub.watcherCount("b")], [1, 1]);
  hub.announce(stored("a"));
  assertEquals([watcher.got.length, other.got.length], [0, 1]);
});

Deno.test("Hub.leave() does nothing if repeated or without a join", () => {
  const hub = new Hub();
  const [watcher, stranger] = [new FakeWatcher(), new FakeWatcher()];
  hub.leave("a", watcher);
  hub.join("a", watcher);
  hub.leave("a", stranger);
  assertEquals(hub.watcherCount("a"), 1);
  for (let i = 0; i < 2; i++) hub.leave("a", watcher);
  assertEquals(hub.watcherCount("a"), 0);
  hub.join("a", watcher);
  assertEquals(hub.watcherCount("a"), 1);
});

Deno.test("Hub.watcherCount() is 0 for an unwatched task", () => {
  assertEquals(new Hub().watcherCount("a"), 0);
});

Deno.test("Hub.announce() notifies watchers of cancel requests and deletions", () => {
  const hub = new Hub();
  const [watcher, other] = [new FakeWatcher(), new FakeWatcher()];
  hub.join("a", watcher);
  hub.join("b", other);
  assertEquals(
    hub.announce({ kind: "cancel_requested", taskId: "a" }),
    1,
  );
  assertEquals(hub.announce({ kind: "deleted", taskId: "a" }), 1);
  assertEquals(hub.announce({ kind: "deleted", taskId: "none" }), 0);
  assertEquals(watcher.notices, [
    '{"type":"cancel_requested","connection_id":"a"}',
    '{"type":"deleted","connection_id":"a"}',
  ]);
  assertEquals(other.notices, []);
});

Deno.test("Hub reports each change of the number of watchers", async () => {
  const told: [string, number][] = [];
  const hub = new Hub((taskId, watchers) => {
    told.push([taskId, watchers]);
    return Promise.resolve();
  });
  const [first, second] = [new FakeWatcher(), new FakeWatcher()];
  await hub.join("a", first);
  await hub.join("a", second);
  hub.leave("a", first);
  hub.leave("a", first);
  hub.leave("a", second);
  assertEquals(told, [["a", 1], ["a", 2], ["a", 1], ["a", 0]]);
});

Deno.test("Hub logs the task if the store can't take the number of watchers", async () => {
  using log = captureLog();
  const hub = new Hub((_, watchers) =>
    watchers > 0 ? Promise.resolve() : Promise.reject(new Error("broken"))
  );
  const watcher = new FakeWatcher();
  await hub.join("a", watcher);
  hub.leave("a", watcher);
  await log.wrote("broken");
  assertEquals(JSON.parse(log.text).properties.connectionId, "a");
});

Deno.test("Hub.announce() makes watchers read missed events from the store", async () => {
  const hub = new Hub();
  const watcher = new FakeWatcher();
  await hub.join("a", watcher);
  assertEquals(hub.announce({ kind: "missed", taskId: "a" }), 1);
  assertEquals(hub.announce({ kind: "missed", taskId: "b" }), 0);
  assertEquals(watcher.notices, ["refresh"]);
});
