import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { closedOrigin } from "../support/closed_origin.ts";
import { eventually } from "../support/eventually.ts";
import { startForgetfulProxy } from "../support/forgetful_proxy.ts";
import { needs } from "../support/needs.ts";
import {
  historyOf,
  runPython,
  startPython,
  taskOf,
} from "../support/python.ts";
import { startTestServer, testApiKey } from "../support/server.ts";

const test = needs("python3");

interface SentEvent {
  readonly connection_id: string;
  readonly event_id: string;
  readonly status?: string;
  readonly current?: number;
  readonly increment?: number;
  readonly progress?: number;
}

/** A server of another kind, which keeps the received batches of events. */
interface FakeServer extends AsyncDisposable {
  readonly origin: string;
  readonly batches: readonly (readonly SentEvent[])[];
  readonly heartbeats: readonly unknown[];
}

/** @param answer Answers a batch, by the number of batches before. */
function startFakeServer(
  answer: (
    before: number,
    events: readonly SentEvent[],
  ) => Response | undefined | Promise<Response | undefined>,
): FakeServer {
  const batches: SentEvent[][] = [];
  const heartbeats: unknown[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const text = await request.text();
      if (request.url.endsWith("/heartbeat")) {
        heartbeats.push(JSON.parse(text));
        return Response.json({ status: "running", attempt: 1 });
      }
      const events = text.trim().split("\n").map((line) => JSON.parse(line));
      const before = batches.push(events) - 1;
      return await answer(before, events) ?? accept(events);
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    batches,
    heartbeats,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function accept(events: readonly SentEvent[]): Response {
  return new Response(
    events.map(() => `${JSON.stringify({ offset: 1 })}\n`).join(""),
  );
}

const job = `
from taskwire import Task, configure
configure(exit_timeout=30)
with Task("t") as task:
    task.update(0.5)
print("the job is done")
`;

test("Sender never stops a job whose server is away, and says so once", async () => {
  const { code, stdout, stderr } = await runPython(
    closedOrigin(),
    job.replace("exit_timeout=30", "exit_timeout=0.5"),
  );
  assertEquals([code, stdout], [0, "the job is done\n"], stderr);
  assertEquals(stderr.match(/taskwire: events wait/g)?.length, 1, stderr);
});

test("Sender drops events that it was told to try no longer", async () => {
  const { code, stdout, stderr } = await runPython(
    closedOrigin(),
    job.replace("exit_timeout=30", "retry_for=0, exit_timeout=30"),
  );
  assertEquals([code, stdout], [0, "the job is done\n"], stderr);
  assertMatch(stderr, /an event of t is dropped, unsent for too long/);
});

test("Sender never stops a job whose server does not answer", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using server = startFakeServer(async () => {
    await released;
    return undefined;
  });
  await using program = startPython(
    server.origin,
    `${job}
import sys\nprint("went on", file=sys.stderr)`,
  );
  await program.wrote(/went on/);
  release();
  await program.ended;
  assertEquals(server.batches.flat().at(-1)?.status, "succeeded");
});

test("Sender repeats events, in order, until a server that answers 503 is ready", async () => {
  await using server = startFakeServer((before) =>
    before < 2 ? new Response("not yet", { status: 503 }) : undefined
  );
  const { code, stdout, stderr } = await runPython(server.origin, job);
  assertEquals([code, stdout], [0, "the job is done\n"], stderr);
  const ids = server.batches.slice(0, 3)
    .map((events) => events.map(({ event_id }) => event_id));
  assertEquals(ids, [ids[0], ids[0], ids[0]]);
  const accepted = server.batches.slice(2).flat();
  assertEquals(accepted.at(-1)?.status, "succeeded");
  assertEquals(
    new Set(accepted.map(({ event_id }) => event_id)).size,
    accepted.length,
  );
});

test("Sender repeats the lines that the server could not store", async () => {
  const problem = { status: 503, code: "store_unavailable", detail: "later" };
  await using server = startFakeServer((before, events) =>
    before > 0 ? undefined : new Response(
      events.map(() => `${JSON.stringify(problem)}\n`).join(""),
    )
  );
  const { code, stderr } = await runPython(server.origin, job);
  assertEquals(code, 0, stderr);
  assertEquals(server.batches[1], server.batches[0]);
  assertEquals(server.batches.flat().at(-1)?.status, "succeeded");
});

test("Sender delivers an event once if the answer was lost", async () => {
  await using server = await startTestServer();
  await using proxy = startForgetfulProxy(server.origin);
  const { code, stderr } = await runPython(
    proxy.origin,
    `
from taskwire import Task
task = Task("t", lease=None)
task.start()
for _ in range(10):
    task.update(increment=1)
task.succeed()
`,
  );
  assertEquals(code, 0, stderr);
  assertEquals(proxy.bodies[0], proxy.bodies[1]);
  const { current, status, offset } = await taskOf(server.origin, "t");
  assertEquals([current, status], [10, "succeeded"]);
  assertEquals((await historyOf(server.origin, "t")).length, offset);
});

test("Sender merges waiting progress: the newest wins, increments add up", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using server = startFakeServer(async (before) => {
    if (before === 0) await released;
    return undefined;
  });
  await using program = startPython(
    server.origin,
    `
import sys, time
from taskwire import Task, _runtime
task = Task("t")
task.start()
while not _runtime.sender()._pending["t"][0].is_fixed:
    time.sleep(0.001)  # until the start is under way
for step in range(1, 1001):
    task.update(step / 1000, increment=1)
task.succeed()
print("published", file=sys.stderr)
`,
  );
  await program.wrote(/published/);
  release();
  await program.ended;
  assertEquals(
    server.batches.flat().map(({ status, progress, increment }) => ({
      status,
      progress,
      increment,
    })),
    [
      { status: "running", progress: undefined, increment: undefined },
      { status: undefined, progress: 1, increment: 1_000 },
      { status: "succeeded", progress: undefined, increment: undefined },
    ],
  );
});

test("Sender keeps at most 10,000 events, and the ends before progress", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using server = startFakeServer(async (before) => {
    if (before === 0) await released;
    return undefined;
  });
  await using program = startPython(
    server.origin,
    `
import sys
from taskwire import Task, _runtime, configure, flush
configure(exit_timeout=60)
Task("first").start()
for number in range(12_000):
    Task(f"moves {number}").update(0.5)
for number in range(500):
    Task(f"ends {number}").succeed()
print("waiting", _runtime.sender().waiting, file=sys.stderr)
`,
  );
  const [, waiting] = await program.wrote(/waiting (\d+)/);
  assert(Number(waiting) <= 10_000);
  release();
  await program.ended;
  const ended = server.batches.flat().filter(({ status }) =>
    status === "succeeded"
  );
  assertEquals(ended.length, 500);
  assertMatch(program.stderr, /too many events wait/);
});

test("Sender renews the lease of a task in the background", async () => {
  await using server = startFakeServer(() => undefined);
  await using _program = startPython(
    server.origin,
    `
import time
from taskwire import Task
with Task("t", lease=0.3):
    time.sleep(3600)
`,
  );
  await eventually(() => Promise.resolve(server.heartbeats.length >= 3));
  const [{ lease, wait }] = server.heartbeats as [
    { lease: number; wait: number },
  ];
  assertEquals([lease, wait.toFixed(3)], [0.3, "0.100"]);
});

/** Answers that are not from a taskwire server, as bytes. */
const foreignAnswers = {
  "a page": "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
  "a list": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
  "a refusal that is a list":
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n[]",
  "a body that is cut": "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
  "a refusal that is cut":
    "HTTP/1.1 409 Conflict\r\nContent-Length: 99\r\n\r\n{",
  "no HTTP": "SSH-2.0-OpenSSH_9.2\r\n",
};

for (const [what, answer] of Object.entries(foreignAnswers)) {
  test(`Sender lets the job go on if ${what} is the answer`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const answering = (async () => {
      for await (const connection of listener) {
        await connection.read(new Uint8Array(65_536));
        await connection.write(new TextEncoder().encode(answer));
        connection.close();
      }
    })();
    const { code, stdout, stderr } = await runPython(
      `http://127.0.0.1:${listener.addr.port}`,
      job.replace("exit_timeout=30", "exit_timeout=1"),
    );
    assertEquals([code, stdout], [0, "the job is done\n"], stderr);
    assertMatch(stderr, /taskwire: (events wait|an event of t was refused)/);
    listener.close();
    await answering;
  });
}

test("Sender reports a refusal, without the key", async () => {
  await using server = await startTestServer({
    config: { apiKeys: ["a-different-key"] },
  });
  const { code, stdout, stderr } = await runPython(server.origin, job);
  assertEquals([code, stdout], [0, "the job is done\n"], stderr);
  assertMatch(stderr, /an event of t was refused: HTTP 401: unauthorized/);
  assertNotMatch(stderr, new RegExp(testApiKey));
});

for (
  const [name, value] of [
    ["TASKWIRE_API_KEYS", "a-secret\r\nkey"],
    ["TASKWIRE_URL", "user:a-secret@localhost"],
    ["TASKWIRE_URL", "http://user:a-secret@localhost"],
    ["TASKWIRE_URL", "http://[a-secret"],
  ] as const
) {
  test(`Sender lets the job go on if ${name} is ${JSON.stringify(value)}`, async () => {
    const { code, stdout, stderr } = await runPython(
      closedOrigin(),
      job.replace("exit_timeout=30", "exit_timeout=1"),
      { [name]: value },
    );
    assertEquals([code, stdout], [0, "the job is done\n"], stderr);
    assertMatch(stderr, /check TASKWIRE_URL and TASKWIRE_API_KEYS/);
    assertNotMatch(stderr, /a-secret/);
  });
}

test("Sender sends its API key to no other address", async () => {
  await using other = startFakeServer(() => undefined);
  await using moved = startFakeServer(() =>
    Response.redirect(`${other.origin}/api/events`, 307)
  );
  const { code, stderr } = await runPython(moved.origin, job);
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /refused: HTTP 307/);
  assertEquals(other.batches, []);
});

test("Sender uses no proxy of the environment for loopback", async () => {
  await using server = await startTestServer();
  const { code, stderr } = await runPython(server.origin, job, {
    http_proxy: closedOrigin(),
    no_proxy: "",
  });
  assertEquals(code, 0, stderr);
  assertEquals((await taskOf(server.origin, "t")).status, "succeeded");
});
