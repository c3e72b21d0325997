import { assertEquals, assertLess } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { opcodes, RawSocket } from "../support/raw_socket.ts";
import { serve } from "../support/taskwire.ts";
import { TestSocket } from "../support/socket.ts";

const events = 2_000;
const eventBytes = 30_000;
const watchers = 4;
const maxGrowthBytes = 64 * 1024 * 1024;
const apiKey = "key-of-the-slow-watcher-test";

Deno.test("a watcher that reads nothing costs no memory and delays no watchers", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskwire-slow-" });
  const { server, origin } = await serve([], {
    cwd: folder,
    env: {
      TASKWIRE_API_KEYS: apiKey,
      TASKWIRE_LOG: "error",
      // The watcher stays, however long the test takes.
      TASKWIRE_IDLE_TIMEOUT: "0",
    },
  });
  {
    await using _ = server;
    const alone = await publishAndWatch(origin, "slow/without");
    const baseBytes = residentBytes(server.pid);

    using stalled = await RawSocket.open(
      `${wsOf(origin)}/ws/realtime/slow%2Fwith`,
    );
    const beside = await publishAndWatch(origin, "slow/with");
    const growthBytes = residentBytes(server.pid) - baseBytes;

    // The stalled watcher is alive, and reads again.
    const { offsets, skipped, status } = await readToTheEnd(stalled);
    printLine(
      `${events} events of ${eventBytes} bytes, ${watchers} watchers: p99 ${
        alone.p99Ms.toFixed(1)
      } ms without and ${
        beside.p99Ms.toFixed(1)
      } ms with one that reads nothing; memory +${
        (growthBytes / 1024 / 1024).toFixed(1)
      } MiB; it then got ${offsets} events that stood for ${
        offsets + skipped
      }, the last one ${status}`,
    );
    assertLess(growthBytes, maxGrowthBytes);
    assertEquals(offsets + skipped, events);
    assertEquals(status, "succeeded");
  }
  await Deno.remove(folder, { recursive: true });
});

function wsOf(origin: string): string {
  return origin.replace("http", "ws");
}

/**
 * Publishes all events, one after the other; every watcher must get each event.
 */
async function publishAndWatch(
  origin: string,
  task: string,
): Promise<{ p99Ms: number }> {
  const id = encodeURIComponent(task);
  const sockets = Array.from(
    { length: watchers },
    () => new TestSocket(`${wsOf(origin)}/ws/realtime/${id}`),
  );
  await Promise.all(sockets.map((socket) => socket.nextOf("sync")));
  const publishedAt: number[] = [0];
  const delaysMs: number[] = [];
  const watching = sockets.map(async (socket) => {
    for (let offset = 1; offset <= events; offset++) {
      const frame = await socket.nextOf("task");
      assertEquals([frame.offset, frame.skipped], [offset, undefined]);
      delaysMs.push(performance.now() - (publishedAt[offset] ?? 0));
    }
  });
  const data = "x".repeat(eventBytes);
  for (let offset = 1; offset <= events; offset++) {
    publishedAt.push(performance.now());
    const status = offset === events ? "succeeded" : "running";
    const response = await fetch(`${origin}/api/tasks/${id}/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${apiKey}` },
      body: JSON.stringify({ status, data }),
    });
    await response.body?.cancel();
    assertEquals(response.status, 201);
  }
  await Promise.all(watching);
  for (const socket of sockets) await socket[Symbol.asyncDispose]();
  delaysMs.sort((a, b) => a - b);
  return { p99Ms: delaysMs[Math.floor(delaysMs.length * 0.99)] ?? 0 };
}

async function readToTheEnd(
  socket: RawSocket,
): Promise<{ offsets: number; skipped: number; status: string }> {
  let offsets = 0, skipped = 0;
  for (;;) {
    const { opcode, payload } = await socket.next();
    if (opcode === opcodes.ping) await socket.send(opcodes.pong, payload);
    if (opcode !== opcodes.text) continue;
    const frame = JSON.parse(new TextDecoder().decode(payload));
    if (frame.type !== "task") continue;
    offsets += 1;
    skipped += frame.skipped ?? 0;
    if (frame.status !== "running") {
      return { offsets, skipped, status: frame.status };
    }
  }
}

/** Returns the resident memory of a process (proc_pid_status(5)). */
function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
