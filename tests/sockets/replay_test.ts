import { assert, assertEquals } from "@std/assert";
import type { Services } from "../../src/services.ts";
import type { HistorySlice, Store } from "../../src/tasks/store.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

const eventCount = 60;

/** Counts the events and the states read from a server's store. */
function countingReads(
  counts: { events: number; longest: number; states: number },
) {
  const count = (events: HistorySlice["events"] = []) => {
    const length = events.reduce((sum, { json }) => sum + json.length, 0);
    counts.events += events.length;
    counts.longest = Math.max(counts.longest, length);
  };
  return ({ store }: Services): Partial<Services> => {
    const read: Store["read"] = async (...args) => {
      const view = await store.read(...args);
      counts.states += 1;
      count(view.events);
      return view;
    };
    const readEvents: Store["readEvents"] = async (...args) => {
      const slice = await store.readEvents(...args);
      count(slice?.events);
      return slice;
    };
    const counted = {
      read: { value: read },
      readEvents: { value: readEvents },
    };
    return { store: Object.create(store, counted) };
  };
}

for (const kind of ["memory", "sqlite"]) {
  Deno.test(`clients resuming a long history share reads in small slices, from ${kind}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "taskwire-replay-" });
    {
      const counts = { events: 0, longest: 0, states: 0 };
      await using server = await startTestServer({
        config: {
          store: kind === "memory" ? "memory:" : `sqlite:${folder}/db`,
        },
        services: countingReads(counts),
      });
      const data = "x".repeat(60_000);
      let epoch = "";
      for (let count = 1; count <= eventCount; count++) {
        const response = await server.publish("long", { data });
        ({ epoch } = await response.json());
      }
      const path = `/ws/realtime/long?epoch=${epoch}&offset=0`;
      using _stalled = await RawSocket.open(server.ws(path));
      await using socket = new TestSocket(server.ws(path));
      for (let offset = 1; offset <= eventCount; offset++) {
        assertEquals((await socket.nextOf("task")).offset, offset);
      }
      assert(counts.events <= 2 * eventCount, `${counts.events} events read`);
      assert(counts.longest < 65_536, `${counts.longest} characters`);
      assertEquals(counts.states, 2, "a state is read for each sync alone");
    }
    await Deno.remove(folder, { recursive: true });
  });
}
