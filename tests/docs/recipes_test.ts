import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { ForeignProgram, runProgram } from "../support/foreign_program.ts";
import { startForgetfulProxy } from "../support/forgetful_proxy.ts";
import { findPython, type Need, needs } from "../support/needs.ts";
import { pythonEnv } from "../support/python.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { serve, taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

/** Returns the path of a file, relative to the tests. */
function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

const recipes = pathOf("../../src/docs/recipes/");
const keys = { TASKWIRE_JWT_SECRET: testSecret, TASKWIRE_API_KEYS: testApiKey };

/** The part of a task's history used by the tests. */
interface HistoryEvent {
  readonly offset: number;
  readonly status: string;
  readonly attempt: number;
  readonly progress?: number;
  readonly current?: number;
  readonly message?: string;
}

async function historyOf(
  origin: string,
  id: string,
): Promise<readonly HistoryEvent[]> {
  const response = await fetch(`${origin}/api/tasks/${id}/events?limit=1000`, {
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  assertEquals(response.status, 200);
  const { events } = await response.json();
  return events;
}

async function taskOf(
  origin: string,
  id: string,
): Promise<{ status?: unknown }> {
  const response = await fetch(`${origin}/api/tasks/${id}`, {
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  return await response.json();
}

async function post(origin: string, path: string, body?: unknown) {
  const response = await fetch(`${origin}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${testApiKey}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.body?.cancel();
  assertEquals(response.ok, true);
}

/** Watches a task to its end; returns the exit code. */
async function watched(
  origin: string,
  id: string,
  token?: string,
): Promise<number> {
  const { code } = await taskwire(["watch", id, "--url", origin], {
    env: token === undefined ? {} : { TASKWIRE_TOKEN: token },
  });
  return code;
}

/** Finds a Python with a recipe's modules; tests without one are skipped. */
function pythonWith(...modules: string[]): string {
  return findPython(...modules) ?? "python3";
}

const publishers: readonly {
  readonly recipe: string;
  readonly command: string;
  readonly need: Need;
  readonly events: number;
}[] = [
  { recipe: "publish.mjs", command: "node", need: "node", events: 11 },
  { recipe: "curl.sh", command: "sh", need: "curl", events: 5 },
];

for (const { recipe, command, need, events } of publishers) {
  const run = (origin: string, cwd: string) =>
    runProgram([command, recipes + recipe, "videos_1"], {
      cwd,
      env: {
        ...keys,
        TASKWIRE_URL: origin,
        STEP_SECONDS: "0",
      },
    });

  needs(need)(
    `${recipe} publishes each event once, with a lease, also where an answer was lost`,
    async () => {
      await using folder = await makeTempDir();
      await using served = await serve([], { env: keys });
      await using proxy = startForgetfulProxy(served.origin);
      const { code, stderr } = await run(proxy.origin, folder.path);
      assertEquals(code, 0, stderr);
      // One more than the events: the first event was repeated.
      assertEquals(proxy.bodies.length, events + 1);
      assertEquals(proxy.bodies[0], proxy.bodies[1]);
      assertEquals(JSON.parse(proxy.bodies[0] ?? "").lease, 30);
      const history = await historyOf(served.origin, "videos_1");
      assertEquals(
        history.map(({ offset }) => offset),
        Array.from({ length: events }, (_, index) => index + 1),
      );
      assertEquals(history.at(-1)?.status, "succeeded");
      assertEquals(history.at(-1)?.progress, 1);
    },
  );

  needs(need)(
    `${recipe} stops when it is asked to`,
    async () => {
      await using folder = await makeTempDir();
      await using served = await serve([], { env: keys });
      const { origin } = served;
      await post(origin, "/api/tasks/videos_1/events", { status: "queued" });
      await post(origin, "/api/tasks/videos_1/cancel");
      const { code, stderr } = await run(origin, folder.path);
      assertEquals(code, 1, stderr);
      const history = await historyOf(origin, "videos_1");
      assertEquals(
        history.map(({ status }) => status),
        ["queued", "running", "canceled"],
      );
    },
  );

  needs(need)(
    `${recipe} fails at once where it is refused`,
    async () => {
      await using folder = await makeTempDir();
      await using served = await serve([], {
        env: { ...keys, TASKWIRE_API_KEYS: "another-key" },
      });
      await using proxy = startForgetfulProxy(served.origin);
      // The lost answer.
      await (await fetch(proxy.origin, { method: "POST", body: "{}" })).text();
      const { code, stdout, stderr } = await run(proxy.origin, folder.path);
      assertEquals(code === 0, false);
      assertMatch(stdout + stderr, /401|unauthorized/);
      assertNotMatch(stdout + stderr, new RegExp(testApiKey));
      assertEquals(proxy.bodies.length, 2);
    },
  );
}

needs("python3")(
  "publish.py shows a loop, and stops when it is asked to",
  async () => {
    await using folder = await makeTempDir();
    await using served = await serve([], { env: keys });
    const { origin } = served;
    const run = (id: string) =>
      runProgram([pythonWith(), `${recipes}publish.py`, id], {
        cwd: folder.path,
        env: { ...pythonEnv(origin), STEP_SECONDS: "0.01" },
      });
    assertEquals((await run("videos_1")).code, 0);
    const events = await historyOf(origin, "videos_1");
    assertEquals(events.at(-1)?.status, "succeeded");
    assertEquals(events.at(-2)?.current, 100);

    await post(origin, "/api/tasks/videos_2/events", { status: "queued" });
    await post(origin, "/api/tasks/videos_2/cancel");
    assertEquals((await run("videos_2")).code, 1);
    const stopped = await historyOf(origin, "videos_2");
    assertEquals(stopped.at(-1)?.status, "canceled");
  },
);

needs("python3-celery")(
  "tasks.py shows the tasks of a Celery worker",
  async () => {
    const python = pythonWith("celery");
    await using folder = await makeTempDir();
    await using served = await serve([], { env: keys });
    const { origin } = served;
    const options = { cwd: folder.path, env: pythonEnv(origin, recipes) };
    const program = [
      "import tasks",
      'tasks.transcode.apply_async([4, 0], task_id="whole")',
      'tasks.unsteady.apply_async(task_id="unsteady")',
    ].join("; ");
    const { code, stderr } = await runProgram([python, "-c", program], options);
    assertEquals(code, 0, stderr);
    await using worker = new ForeignProgram(
      [python, "-m", "celery", "-A", "tasks", "worker", "--pool", "solo"],
      options,
    );
    const ends = await Promise.all(
      ["whole", "unsteady"].map((id) => watched(origin, id)),
    );
    assertEquals(ends, [0, 0], worker.stderr);
    const unsteady = await historyOf(origin, "unsteady");
    assertEquals(unsteady.at(-1)?.attempt, 2);
  },
);

Deno.test(
  "publish.mjs sends its API key to no other address",
  async () => {
    await using folder = await makeTempDir();
    const requests: string[] = [];
    await using other = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      ({ method }) => {
        requests.push(method);
        return Response.json({ offset: 1 });
      },
    );
    await using moved = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.redirect(`http://127.0.0.1:${other.addr.port}/`, 302),
    );
    const env = {
      ...{ ...keys, STEP_SECONDS: "0" },
      TASKWIRE_URL: `http://127.0.0.1:${moved.addr.port}`,
    };
    const { code, stderr } = await runProgram(
      [Deno.execPath(), "run", "--no-lock", "-A", `${recipes}publish.mjs`],
      { cwd: folder.path, env },
    );
    assertEquals(code === 0, false);
    assertMatch(stderr, /HTTP 302/);
    assertEquals(requests, []);
  },
);

needs("redis-server")(
  "bullmq.mjs shows the jobs of a BullMQ queue, their attempts and ends",
  async () => {
    await using folder = await makeTempDir();
    await using served = await serve([], { env: keys });
    const { origin } = served;
    const redis = `${folder.path}/redis.sock`;
    await using redisServer = new ForeignProgram(
      [
        ...["sh", "-c", 'exec redis-server "$@" >&2', "sh"],
        ...["--port", "0", "--unixsocket", redis, "--save", ""],
      ],
      { cwd: folder.path },
    );
    await redisServer.wrote(/ready to accept connections/i);
    const deno = [
      ...[Deno.execPath(), "run", "--allow-all"],
      ...["--config", pathOf("../../deno.json")],
      ...["--lock", pathOf("../deno.lock")],
    ];
    const options = {
      cwd: folder.path,
      env: { ...keys, TASKWIRE_URL: origin, REDIS_URL: redis },
    };
    await using follower = new ForeignProgram(
      [...deno, `${recipes}bullmq.mjs`, "videos"],
      options,
    );
    await follower.wrote(/following/);
    await using bullWorker = new ForeignProgram(
      [
        ...deno,
        pathOf("./bullmq_jobs.mjs"),
      ],
      options,
    );

    const ids = ["steady", "unsteady", "broken", "unwanted"];
    const ends = await Promise.all(
      ids.map((id) => watched(origin, `videos:${id}`)),
    );
    assertEquals(ends, [0, 0, 1, 1], follower.stderr + bullWorker.stderr);
    const told = async (id: string) =>
      (await historyOf(origin, `videos:${id}`)).map(({ status, attempt }) =>
        `${status} ${attempt}`
      );
    assertEquals(await told("steady"), [
      ...["queued 1", "running 1", "running 1", "succeeded 1"],
    ]);
    assertEquals(await told("unsteady"), [
      ...["queued 1", "running 1", "running 1"],
      ...["queued 2", "running 2", "running 2", "succeeded 2"],
    ]);
    assertEquals((await told("broken")).at(-1), "failed 1");
    assertEquals(await told("unwanted"), ["queued 1", "canceled 1"]);

    // The first worker dies with the job, the second fails the job, then a
    // manual retry.
    bullWorker.kill("SIGTERM");
    await bullWorker.ended;
    const stalled = pathOf("./bullmq_stalled.mjs");
    await using dying = new ForeignProgram([...deno, stalled, "dies"], options);
    await dying.ended;
    await using _recovering = new ForeignProgram(
      [...deno, stalled, "recovers"],
      options,
    );
    await eventually(async () => {
      const { status } = await taskOf(origin, "videos:left");
      return status === "succeeded";
    });
    assertEquals(await told("left"), [
      ...["queued 1", "running 1"],
      ...["queued 2", "running 2", "failed 2"],
      ...["queued 3", "running 3", "succeeded 3"],
    ]);
    assertNotMatch(follower.stderr, /refused|not published/);
  },
);

needs("python3-fastapi", "python3-jwt", "python3-uvicorn")(
  "fastapi_backend.py gives the page's user a token for their own task",
  async () => {
    const python = pythonWith("fastapi", "jwt", "uvicorn");
    await using folder = await makeTempDir();
    await using served = await serve([], { env: keys });
    const { origin } = served;
    await using backend = new ForeignProgram(
      [python, "-m", "uvicorn", "fastapi_backend:app", "--port", "0"],
      {
        cwd: folder.path,
        env: { ...keys, ...pythonEnv(origin, recipes) },
      },
    );
    const [, port] = await backend.wrote(/running on http:\/\/127.*:(\d+)/);
    const uploads = `http://127.0.0.1:${port}/uploads`;

    const stranger = await fetch(uploads, { method: "POST" });
    await stranger.body?.cancel();
    assertEquals(stranger.status, 401);

    const headers = { "X-Demo-User": "ada" };
    const started = await fetch(uploads, { method: "POST", headers });
    assertEquals(started.status, 200);
    const { connection_id: id, token } = await started.json();
    assertEquals(await watched(origin, id, token), 0);
    const events = await historyOf(origin, id);
    assertEquals(events.at(0)?.status, "queued");
    assertEquals(events.at(-2)?.current, 100);
    assertEquals(events.at(-1)?.status, "succeeded");

    const renewed = await fetch(`${uploads}/${id}/token`, { headers });
    assertEquals(await watched(origin, id, (await renewed.json()).token), 0);
    const other = await fetch(`${uploads}/${id}/token`, {
      headers: { "X-Demo-User": "bob" },
    });
    assertEquals(await watched(origin, id, (await other.json()).token), 1);
    assertEquals(await watched(origin, id), 1);
  },
);
