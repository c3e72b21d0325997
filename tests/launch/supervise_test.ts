import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertFailure } from "../support/assert_failure.ts";
import { childrenOf, givenTo } from "../support/child_processes.ts";
import { needs } from "../support/needs.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis_server.ts";
import { publishUntilAnswered } from "../support/retrying_publisher.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { serve, type ServeCommand, taskwire } from "../support/taskwire.ts";
import { signToken } from "../support/tokens.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const test = needs("redis-server");

const env = { TASKWIRE_JWT_SECRET: testSecret, TASKWIRE_API_KEYS: testApiKey };

/** Starts a server with two workers. */
function serveTwo(args: readonly string[] = []): Promise<ServeCommand> {
  return serve(["--workers", "2", ...args], { env });
}

/** Enough sockets to reach both workers: the odds are 2^31 to 1. */
const sockets = 32;

/** Watches a task by many sockets; the kernel distributes the sockets to the workers. */
async function watchByMany(
  origin: string,
  task: string,
): Promise<AsyncDisposableStack & { readonly all: readonly TestSocket[] }> {
  const stack = new AsyncDisposableStack();
  const url = `${origin.replace("http", "ws")}/ws/realtime/${task}`;
  const all = Array.from(
    { length: sockets },
    () => stack.use(new TestSocket(url)),
  );
  await Promise.all(all.map((socket) => socket.nextOf("sync")));
  return Object.assign(stack, { all });
}

/** Calls the API with the API key. */
async function ask(origin: string, method: string, path: string) {
  const response = await fetch(origin + path, {
    method,
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  const text = await response.text();
  return { status: response.status, body: text && JSON.parse(text) };
}

async function publish(origin: string, task: string, event: unknown = {}) {
  const response = await fetch(`${origin}/api/tasks/${task}/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${testApiKey}` },
    body: JSON.stringify(event),
  });
  return await response.json();
}

/** Publishes, and retries if the worker on the connection was killed. */
async function publishAgain(origin: string, task: string) {
  for (;;) {
    try {
      return await publish(origin, task);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

Deno.test("supervise() prints the start lines once, with the number of workers", async () => {
  await using served = await serveTwo();
  await served.server.line(/^ {3}store: memory:/);
  await served.server.line(/^ {3}workers: 2$/);
  await served.server.line(/^✅ WebSocket routes: 3$/);
  await served.server.line(/-> WebSocketRoute$/);
  assertEquals(childrenOf(served.server.pid).length, 2);
});

Deno.test("supervise() starts a worker per core with --workers auto", async () => {
  await using served = await serve(["--workers", "auto"], { env });
  assertEquals(
    childrenOf(served.server.pid).length,
    // With one core there is nothing to supervise.
    navigator.hardwareConcurrency === 1 ? 0 : navigator.hardwareConcurrency,
  );
});

Deno.test("supervise() passes secrets neither as arguments nor by the environment", async () => {
  await using served = await serveTwo();
  for (const pid of childrenOf(served.server.pid)) {
    const given = givenTo(pid);
    assertMatch(given, /^worker$/m);
    assert(!given.includes(testSecret) && !given.includes(testApiKey), given);
  }
});

Deno.test("supervise() delivers to the watchers of all workers, and counts the watchers", async () => {
  await using served = await serveTwo();
  await using watchers = await watchByMany(served.origin, "a");
  const { delivered, offset } = await publish(served.origin, "a");
  assertEquals([delivered, offset], [sockets, 1]);
  for (const socket of watchers.all) {
    assertEquals((await socket.nextOf("task")).offset, 1);
  }
  const { body } = await ask(served.origin, "GET", "/api/tasks/a");
  assertEquals(body.watchers, sockets);
});

Deno.test("supervise() informs the watchers of all workers of a loss, a cancel and a delete", async () => {
  await using served = await serveTwo();
  await using watchers = await watchByMany(served.origin, "a");
  await publish(served.origin, "a", { lease: 0.001 });
  for (const socket of watchers.all) {
    assertEquals((await socket.nextOf("task")).status, "running");
    assertEquals((await socket.nextOf("task")).status, "lost");
  }
  await ask(served.origin, "POST", "/api/tasks/a/cancel");
  await ask(served.origin, "DELETE", "/api/tasks/a");
  for (const socket of watchers.all) {
    await socket.nextOf("cancel_requested");
    await socket.nextOf("deleted");
  }
});

Deno.test("supervise() lists and closes the connections of all workers", async () => {
  await using served = await serveTwo();
  await using watchers = await watchByMany(served.origin, "a");
  const { body } = await ask(served.origin, "GET", "/api/connections");
  assertEquals([body.total, body.connections.length], [sockets, sockets]);
  for (const { id } of body.connections) {
    const path = `/api/connections/${id}`;
    assertEquals((await ask(served.origin, "DELETE", path)).status, 204);
    assertEquals((await ask(served.origin, "DELETE", path)).status, 404);
  }
  const ends = watchers.all.map(async ({ closed }) => (await closed).code);
  assertEquals(await Promise.all(ends), Array(sockets).fill(4409));
});

Deno.test("supervise() limits a user's connections over all workers", async () => {
  await using served = await serveTwo(["--max-connections-per-user", "8"]);
  const token = await signToken({ sub: "42" });
  const url = `${served.origin.replace("http", "ws")}/ws/realtime/a`;
  await using stack = new AsyncDisposableStack();
  let refused = 0;
  for (let count = 0; count < sockets; count++) {
    const socket = stack.use(new TestSocket(`${url}?token=${token}`));
    await socket.nextOf("connected");
    const { type, code } = await socket.nextFrame();
    if (type === "error" && code === "too_many_connections") refused += 1;
  }
  assertEquals(refused, sockets - 8);
});

Deno.test("supervise() keeps tasks in the file for the next server", async () => {
  await using folder = await makeTempDir();
  const options = { env, cwd: folder.path };
  {
    await using served = await serve(["--workers", "2"], options);
    for (let count = 0; count < 5; count++) await publish(served.origin, "a");
  }
  await using served = await serve([], options);
  assertEquals((await publish(served.origin, "a")).offset, 6);
});

test("supervise() lets each worker connect to Redis", async () => {
  await using redis = await RedisServer.start();
  await using served = await serveTwo(["--store", redis.url]);
  await using watchers = await watchByMany(served.origin, "a");
  let { delivered } = await publish(served.origin, "a");
  // A worker may learn of the second worker's watchers a moment later.
  while (delivered !== sockets) {
    ({ delivered } = await publish(served.origin, "a"));
  }
  for (const socket of watchers.all) {
    assertEquals((await socket.nextOf("task")).offset, 1);
  }
  const { body } = await ask(served.origin, "GET", "/api/connections");
  assertEquals(body.total, sockets);
  served.server.kill("SIGTERM");
  assertEquals(await served.server.exitCode(), 0);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`supervise() disconnects all watchers and exits 0 on ${signal}`, async () => {
    await using served = await serveTwo(["--drain-timeout", "2"]);
    await using watchers = await watchByMany(served.origin, "a");
    served.server.kill(signal);
    const ends = watchers.all.map(async (socket) => {
      assertEquals((await socket.nextFrame()).code, "server_restarting");
      return (await socket.closed).code;
    });
    assertEquals(await Promise.all(ends), Array(sockets).fill(1012));
    assertEquals(await served.server.exitCode(), 0);
  });
}

Deno.test("supervise() stops once if the signal reaches the workers as well", async () => {
  await using served = await serveTwo(["--drain-timeout", "2"]);
  await using watchers = await watchByMany(served.origin, "a");
  const { pid } = served.server;
  // Terminals and systemd signal all processes.
  for (const process of [...childrenOf(pid), pid]) {
    Deno.kill(process, "SIGINT");
  }
  assertEquals(
    await Promise.all(
      watchers.all.map(async ({ closed }) => (await closed).code),
    ),
    Array(sockets).fill(1012),
  );
  assertEquals(await served.server.exitCode(), 0);
  assertEquals(
    (await served.server.stderr).match(/starting a replacement/g),
    null,
  );
});

Deno.test("supervise() serves new watchers while a worker drains", async () => {
  await using served = await serveTwo(["--drain-timeout", "8"]);
  await using watchers = await watchByMany(served.origin, "a");
  const [drained = 0] = childrenOf(served.server.pid);
  Deno.kill(drained, "SIGTERM");
  const [code] = await Promise.race(
    watchers.all.map(async ({ closed }) => [(await closed).code]),
  );
  assertEquals(code, 1012);
  // As many again: the kernel would give some to the draining worker.
  await using newcomers = await watchByMany(served.origin, "a");
  assertEquals(newcomers.all.length, sockets);
  assert(childrenOf(served.server.pid).includes(drained));
});

Deno.test("supervise() leaves no worker behind if killed", async () => {
  await using served = await serveTwo(["--drain-timeout", "2"]);
  await using watchers = await watchByMany(served.origin, "a");
  served.server.kill("SIGKILL");
  assertEquals(
    await Promise.all(
      watchers.all.map(async ({ closed }) => (await closed).code),
    ),
    Array(sockets).fill(1012),
  );
  // Workers share the pipe of the log, so that the pipe ends with the last worker.
  assertEquals(await served.server.exitCode(), 137);
});

Deno.test("supervise() replaces a killed worker without disturbing the other worker's watchers", async () => {
  await using served = await serveTwo();
  await using watchers = await watchByMany(served.origin, "a");
  const [victim = 0, other = 0] = childrenOf(served.server.pid);
  Deno.kill(victim, "SIGKILL");
  const codes: number[] = [];
  const isKilled = (socket: TestSocket) =>
    socket.closed.then(({ code }) => codes.push(code));
  await Promise.race(watchers.all.map(isKilled));
  let { delivered } = await publishAgain(served.origin, "a");
  // The supervisor may learn of the death after the clients.
  while (delivered + codes.length !== sockets) {
    ({ delivered } = await publishAgain(served.origin, "a"));
  }
  assert(delivered > 0 && delivered < sockets, `${delivered}`);
  await Promise.all(
    watchers.all.filter(({ raw }) => raw.readyState === WebSocket.OPEN)
      .map((socket) => socket.nextOf("task")),
  );
  let workers = childrenOf(served.server.pid);
  while (workers.length < 2) {
    await publishAgain(served.origin, "b");
    workers = childrenOf(served.server.pid);
  }
  assert(workers.includes(other) && !workers.includes(victim), `${workers}`);
});

Deno.test("supervise() replaces workers killed in succession, and continues to serve", async () => {
  await using served = await serveTwo(["--drain-timeout", "1"]);
  const { server, origin } = served;
  const killed = new Set<number>();
  await eventually(() => {
    const next = childrenOf(server.pid).find((pid) => !killed.has(pid));
    if (next !== undefined) {
      Deno.kill(next, "SIGKILL");
      killed.add(next);
    }
    return Promise.resolve(killed.size === 7);
  });
  await publishUntilAnswered(origin, {
    task: "a",
    eventId: "1",
    apiKey: testApiKey,
  });
  server.kill("SIGTERM");
  assertEquals(await server.exitCode(), 0);
});

Deno.test("supervise() gives advice if a server with workers uses the port", async () => {
  await using served = await serveTwo();
  const { port } = new URL(served.origin);
  const result = await taskwire(["serve", "--workers", "2", "--port", port], {
    env,
  });
  assertFailure(
    result,
    1,
    new RegExp(`127.0.0.1:${port} is already in use: .*--port`),
  );
});

Deno.test("supervise() waits for the workers of a killed server to free the port", async () => {
  await using served = await serveTwo();
  await using _ = await watchByMany(served.origin, "a");
  const { port } = new URL(served.origin);
  served.server.kill("SIGKILL");
  await using next = await serveTwo(["--port", port]);
  assertEquals(next.origin, served.origin);
});

Deno.test("supervise() gives the reason if a worker can't start", async () => {
  await using folder = await makeTempDir();
  const path = await folder.write("key.pem", "no key");
  const result = await taskwire(
    ["serve", "--workers", "2", "--port", "0", "--jwt-public-key", path],
  );
  assertFailure(result, 1, /^error: .*key\.pem/m);
  assertEquals(result.stdout, "");
});

Deno.test("supervise() gives the reason if the store can't be used", async () => {
  const result = await taskwire(
    ["serve", "--workers", "2", "--port", "0", "--store", "sqlite:/none/a.db"],
    { env },
  );
  assertFailure(result, 1, /^error: cannot open the store: /m);
});

Deno.test("supervise() answers publishers from any worker", async () => {
  await using served = await serveTwo();
  const offsets = await Promise.all(
    Array.from(
      { length: sockets },
      (_, index) =>
        publishUntilAnswered(served.origin, {
          task: "a",
          eventId: String(index),
          apiKey: testApiKey,
        }),
    ),
  );
  assertEquals(
    offsets.sort((a, b) => a - b),
    Array.from({ length: sockets }, (_, index) => index + 1),
  );
});
