import { assertEquals } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { ResumingWatcher } from "../support/resuming_watcher.ts";
import { startTestServer } from "../support/server.ts";

const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";
const watchers = isFull ? 500 : 150;
const events = isFull ? 2_000 : 900;
const id = "join/1";

for (const store of ["memory:", "sqlite:"] as const) {
  Deno.test(`${watchers} watchers that join while ${events} events are published miss none (${store})`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "taskwire-join-" });
    {
      await using server = await startTestServer({
        config: {
          store: store === "memory:" ? store : `${store}${folder}/test.db`,
          historyLimit: events,
        },
      });
      const { epoch } = await (await server.publish(id, {})).json();
      const joined: { watcher: ResumingWatcher; from: number }[] = [];

      for (let offset = 2; offset <= events; offset++) {
        const response = await server.publish(id, {
          progress: offset / events,
        });
        await response.body?.cancel();
        // A watcher every few events, each at a different position.
        if (offset % (events / watchers) !== 0) continue;
        const from = (joined.length * 37) % offset;
        joined.push({
          watcher: new ResumingWatcher(server.origin, id, {
            epoch,
            offset: from,
          }),
          from,
        });
      }
      const seen = await Promise.all(
        joined.map(({ watcher }) => watcher.seenUntil(events)),
      );

      let gaps = 0, duplicates = 0, skipped = 0;
      for (const [index, { offsets, ...rest }] of seen.entries()) {
        const from = joined[index]?.from ?? 0;
        const distinct = new Set(offsets).size;
        gaps += events - from - distinct;
        duplicates += offsets.length - distinct;
        skipped += rest.skipped;
        assertEquals(offsets.at(-1), events);
        assertEquals(offsets, offsets.toSorted((a, b) => a - b));
      }
      printLine(
        `${store} ${joined.length} watchers, ${events} events: gaps ${gaps}, duplicates ${duplicates}, merged ${skipped}`,
      );
      assertEquals([joined.length, gaps, duplicates], [watchers, 0, 0]);
    }
    await Deno.remove(folder, { recursive: true });
  });
}
