/**
 * Measures the cost of an event on the way to watchers, without sockets: with
 * real watchers, and with counting watchers.
 *
 * @module
 */

import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import { Hub, type Watcher } from "../../src/watch/hub.ts";
import type { Outlet } from "../../src/watch/outlet.ts";
import { TaskWatcher } from "../../src/watch/task_watcher.ts";
import { transition } from "./support/transition.ts";

let sent = 0;

const outlet: Outlet = {
  isClosed: false,
  isBacklogged: false,
  send() {
    sent += 1;
    return "sent";
  },
  writable: () => Promise.resolve(),
  fail(error) {
    throw error;
  },
};

const countingWatcher = (): Watcher => ({
  deliver() {
    sent += 1;
    return true;
  },
  notify() {},
  forget() {},
  refresh() {},
});

const { event } = transition({ current: 42, total: 100, unit: "rows" });
const { connection_id: taskId } = event;

/**
 * Creates a hub with a number of current watchers; returns their epoch, too.
 */
async function watchedHub(count: number): Promise<{ hub: Hub; epoch: string }> {
  const hub = new Hub();
  const store = createMemoryStore(
    { historyLimit: 1_000, historyTtlMs: 60_000 },
    () => 0,
  );
  for (let number = 0; number < count; number++) {
    await new TaskWatcher({
      taskId,
      store,
      hub,
      outlet,
      audience: { mayWatch: () => true, onForbidden() {} },
    }).start(undefined);
  }
  const { epoch } = await store.read(taskId);
  return { hub, epoch };
}

function countingHub(count: number): Hub {
  const hub = new Hub();
  for (let number = 0; number < count; number++) {
    hub.join(taskId, countingWatcher());
  }
  return hub;
}

/** Announces the next event; every watcher must receive the event. */
function announcing(hub: Hub, epoch: string, watchers: number): () => void {
  let offset = 0;
  return () => {
    offset += 1;
    const before = sent;
    const next = { ...event, offset };
    hub.announce({
      kind: "event",
      event: next,
      json: JSON.stringify(next),
      position: { epoch, offset },
    });
    if (sent - before !== watchers) {
      throw new Error(`${sent - before} of ${watchers} were sent the event`);
    }
  };
}

for (const watchers of [1, 100, 10_000]) {
  const group = `${watchers} watchers`;
  const { hub, epoch } = await watchedHub(watchers);
  Deno.bench({
    name: `Hub.announce() to ${watchers} that count`,
    group,
    baseline: true,
    fn: announcing(countingHub(watchers), epoch, watchers),
  });
  Deno.bench({
    name: `Hub.announce() to ${watchers} TaskWatcher`,
    group,
    fn: announcing(hub, epoch, watchers),
  });
}
