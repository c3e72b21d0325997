import { assertEquals, assertLessOrEqual } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { HeldWatcher } from "../support/held_watcher.ts";
import { allowOpenFiles } from "../support/open_files.ts";
import {
  inMiB,
  residentBytes,
  settledBytes,
} from "../support/resident_memory.ts";
import { RoundsOfEvents } from "../support/rounds_of_events.ts";
import { serve } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

/** The promised number with `deno task load`, otherwise fewer to save time. */
const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";
const sockets = isFull ? 10_000 : 1_000;
const heldMs = isFull ? 60_000 : 3_000;
const eventsAtATime = 250;

/**
 * The number of events before memory is measured: on a busy machine the time
 * alone would be too short for the server to reach a steady size.
 */
const heldEvents = 10 * sockets;

/** The time after which missing events count as lost. */
const arrivalMs = 30_000;

/**
 * The number of measurements of memory, with a request in between. The runtime
 * holds a broken socket for half the idle timeout, 15 s: the measurements take
 * longer.
 */
const looks = 2_000;
const apiKey = "key-of-the-connections-test";
const tasks = Array.from({ length: sockets }, (_, index) => `held/${index}`);

Deno.test(`taskwire serve holds ${sockets} sockets, and accepts all reconnects at once`, async () => {
  await using folder = await makeTempDir();
  await allowOpenFiles(Deno.pid, sockets + 200);
  const { server, origin } = await serve([], {
    cwd: folder.path,
    env: { TASKWIRE_API_KEYS: apiKey, TASKWIRE_LOG: "warn" },
  });
  await using _ = server;
  await allowOpenFiles(server.pid, sockets + 200);
  const events = new RoundsOfEvents(origin, apiKey, tasks);
  for (let done = 0; done < 2 * sockets; done += eventsAtATime) {
    await events.publish(eventsAtATime);
  }
  const watchers = tasks.map((id) => new HeldWatcher(origin, id));
  const alone = residentBytes(server.pid);

  const first = await connectAll(watchers);
  const opened = residentBytes(server.pid);
  const heldUntilMs = performance.now() + heldMs;
  while (events.count < heldEvents || performance.now() < heldUntilMs) {
    await events.publish(eventsAtATime);
  }
  const held = residentBytes(server.pid);
  const publishedHeld = events.count;

  events.start(eventsAtATime);
  await Promise.all(watchers.map((watcher) => watcher.drop()));
  const again = await connectAll(watchers);
  await events.stop();
  const arrived = await Promise.all(
    watchers.map((watcher, index) =>
      watcher.seen(events.heads[index] ?? 0, arrivalMs)
    ),
  );
  const afterwards = await settledBytes(
    server.pid,
    held * 1.2,
    () => events.publish(eventsAtATime),
    looks,
  );
  await Promise.all(watchers.map((watcher) => watcher.drop()));

  const sum = (of: (watcher: HeldWatcher) => number) =>
    watchers.reduce((sum, watcher) => sum + of(watcher), 0);
  const late = arrived.filter((isThere) => !isThere).length;
  const lost = sum(({ tally }) => tally.lost);
  const repeated = sum(({ tally }) => tally.repeated);
  printLine(
    `${sockets} sockets held ${heldMs / 1_000} s: ${
      ((opened - alone) / sockets / 1_024).toFixed(1)
    } KiB each; opened in ${first.ms} ms, again in ${again.ms} ms; refused ${
      first.refused + again.refused
    }; published ${events.count} (${
      events.count - publishedHeld
    } since the drop), lost ${lost}, late ${late}, repeated ${repeated}, merged ${
      sum(({ tally }) => tally.merged)
    }; memory ${inMiB(alone)} without them, ${inMiB(held)} before the drop, ${
      inMiB(afterwards)
    } afterwards`,
  );
  assertEquals(
    {
      refused: first.refused + again.refused,
      ended: sum(({ endings }) => endings),
      lost,
      late,
      repeated,
    },
    { refused: 0, ended: 0, lost: 0, late: 0, repeated: 0 },
  );
  assertLessOrEqual(afterwards, held * 1.2);
});

/** Connects all watchers at once. */
async function connectAll(
  watchers: readonly HeldWatcher[],
): Promise<{ refused: number; ms: number }> {
  const startedAt = Date.now();
  const outcomes = await Promise.allSettled(
    watchers.map((watcher) => watcher.connect()),
  );
  const refused = outcomes.filter(({ status }) => status === "rejected");
  return { refused: refused.length, ms: Date.now() - startedAt };
}
