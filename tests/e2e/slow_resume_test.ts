import { assertEquals, assertLess } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { childrenOf } from "../support/child_processes.ts";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { inMiB, residentBytes } from "../support/resident_memory.ts";
import { TestSocket } from "../support/socket.ts";
import { serve } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const apiKey = "key-of-the-slow-resume-test";
const headers = { Authorization: `Bearer ${apiKey}` };
const events = 1_000;
const eventLength = 65_000;
const guests = 40;
const maxBytesPerGuest = 2_000_000;

/** A watcher waits if its socket has more bytes queued. */
const backlogBytes = 65_536;

Deno.test("resuming guests that read nothing cost less than 2 MB each, with workers", async () => {
  await using folder = await makeTempDir();
  await using served = await serve(["--workers", "2"], {
    cwd: folder.path,
    env: {
      TASKWIRE_API_KEYS: apiKey,
      TASKWIRE_LOG: "error",
      TASKWIRE_SQLITE_SYNC: "NORMAL",
      // Guests who read nothing stay, however long the test takes.
      TASKWIRE_IDLE_TIMEOUT: "0",
    },
  });
  const { origin, server } = served;
  const epoch = await publishAll(origin);
  const path = `/ws/realtime/long?epoch=${epoch}&offset=0`;
  const url = `${origin.replace("http", "ws")}${path}`;
  const pids = [server.pid, ...childrenOf(server.pid)];
  const memory = () => pids.reduce((sum, pid) => sum + residentBytes(pid), 0);

  const before = memory();
  let largest = before;
  let longestMs = 0;
  using sockets = new DisposableStack();
  for (let count = 0; count < guests; count++) {
    sockets.use(await RawSocket.open(url));
  }
  // Until the kernel takes no more for any guest.
  await eventually(async () => {
    const startedAt = performance.now();
    const queued = await queuedBytes(origin);
    longestMs = Math.max(longestMs, performance.now() - startedAt);
    largest = Math.max(largest, memory());
    assertEquals(queued.length, guests);
    return queued.every((bytes) => bytes > backlogBytes);
  });
  const growth = largest - before;
  printLine(
    `${guests} guests who read nothing of ${events} events of ${eventLength} bytes: memory of ${pids.length} processes +${
      inMiB(growth)
    }, ${inMiB(growth / guests)} each; others waited up to ${
      longestMs.toFixed(0)
    } ms`,
  );
  assertLess(growth / guests, maxBytesPerGuest);

  // A reading guest gets all events.
  await using reader = new TestSocket(url);
  const offsets: unknown[] = [];
  while (offsets.length < events) {
    offsets.push((await reader.nextOf("task")).offset);
  }
  assertEquals(
    offsets,
    Array.from({ length: events }, (_, index) => index + 1),
  );
});

/**
 * Publishes all events in requests of about a megabyte, over new connections,
 * so that every worker has done work before.
 */
async function publishAll(origin: string): Promise<string> {
  const data = "x".repeat(eventLength);
  const line = `${JSON.stringify({ connection_id: "long", data })}\n`;
  const atOnce = 20;
  let results: Record<string, unknown>[] = [];
  for (let sent = 0; sent < events; sent += atOnce) {
    const response = await fetch(`${origin}/api/events`, {
      method: "POST",
      headers: { ...headers, Connection: "close" },
      body: line.repeat(atOnce),
    });
    const text = await response.text();
    results = text.trim().split("\n").map((result) => JSON.parse(result));
  }
  assertEquals(results.at(-1)?.offset, events);
  return String(results.at(-1)?.epoch);
}

async function queuedBytes(origin: string): Promise<number[]> {
  const answer = await fetch(`${origin}/api/connections`, { headers });
  const { connections } = await answer.json();
  return connections.map((connection: { queued_bytes: number }) =>
    connection.queued_bytes
  );
}
