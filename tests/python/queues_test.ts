import { assertEquals, assertNotMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { ForeignProgram, runProgram } from "../support/foreign_program.ts";
import { findPython, needs } from "../support/needs.ts";
import { historyOf, pythonEnv, taskOf } from "../support/python.ts";
import {
  startTestServer,
  testApiKey,
  type TestServer,
} from "../support/server.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const here = fileURLToPath(new URL("./", import.meta.url));

/** A queue whose jobs are shown by an adapter of the Python library. */
interface Queue extends AsyncDisposable {
  /** Puts jobs into the queue, by statements of the module with the jobs. */
  send(...statements: string[]): Promise<void>;
  /** Starts a worker, which runs until the end of the test. */
  work(): Promise<ForeignProgram>;
}

interface QueueOptions {
  readonly folder: TempDir;
  readonly server: TestServer;
}

/** @param broker By default, messages are files. */
async function openCelery(
  { folder, server }: QueueOptions,
  broker?: string,
): Promise<Queue> {
  await using stack = new AsyncDisposableStack();
  const python = findPython("celery") ?? "python3";
  const options = {
    cwd: folder.path,
    env: {
      ...pythonEnv(server.origin, here),
      ...(broker === undefined ? {} : { CELERY_BROKER: broker }),
    },
  };
  const kept = stack.move();
  return {
    async send(...statements) {
      const program = ["from celery_jobs import *", ...statements].join("\n");
      const { code, stderr } = await runProgram(
        [python, "-c", program],
        options,
      );
      assertEquals(code, 0, stderr);
    },
    work: () =>
      Promise.resolve(kept.use(
        new ForeignProgram([
          ...[python, "-m", "celery", "-A", "celery_jobs", "worker"],
          ...["--pool", "prefork", "--concurrency", "2"],
        ], options),
      )),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Starts a Redis that listens on `redis.sock` in the folder. */
async function startRedis({ path }: TempDir): Promise<ForeignProgram> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(
    new ForeignProgram([
      ...["sh", "-c", 'exec redis-server "$@" >&2', "sh"],
      ...["--port", "0", "--unixsocket", "redis.sock", "--save", ""],
    ], { cwd: path }),
  );
  await redis.wrote(/ready to accept connections/i);
  stack.move();
  return redis;
}

async function openRq({ folder, server }: QueueOptions): Promise<Queue> {
  await using stack = new AsyncDisposableStack();
  const python = findPython("rq") ?? "python3";
  const socket = `${folder.path}/redis.sock`;
  stack.use(await startRedis(folder));
  const options = {
    cwd: folder.path,
    env: { ...pythonEnv(server.origin, here), REDIS_SOCKET: socket },
  };
  const kept = stack.move();
  return {
    async send(...statements) {
      const program = ["from rq_jobs import *", ...statements].join("\n");
      const { code, stderr } = await runProgram(
        [python, "-c", program],
        options,
      );
      assertEquals(code, 0, stderr);
    },
    work: () =>
      Promise.resolve(kept.use(
        new ForeignProgram([
          ...[python, "-m", "rq.cli", "worker", "--url", `unix://${socket}`],
          ...["--worker-class", "taskwire.rq.Worker"],
        ], options),
      )),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Asks the worker of a task to stop. */
async function cancel(server: TestServer, id: string): Promise<void> {
  const response = await fetch(`${server.origin}/api/tasks/${id}/cancel`, {
    method: "POST",
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  await response.body?.cancel();
  assertEquals(response.ok, true);
}

/**
 * Reads the changes of status and attempt from the first `running` on, whatever
 * progress was merged.
 */
async function stepsOf(
  { origin }: TestServer,
  id: string,
): Promise<readonly string[]> {
  const steps = (await historyOf(origin, id))
    .map(({ status, attempt }) => `${status} ${attempt}`);
  return steps.slice(steps[0] === "queued 1" ? 1 : 0)
    .filter((step, index, all) => step !== all[index - 1]);
}

function reaches(
  { origin }: TestServer,
  id: string,
  status: string,
): Promise<void> {
  return eventually(async () => (await taskOf(origin, id)).status === status);
}

/**
 * Checks the events of the jobs `steady`, `unsteady`, `broken`, `unwanted` and
 * `stopped`, the same for each queue: success, retry, failure, and a cancel
 * before and during the job.
 *
 * @param start Starts the jobs, in this order.
 */
async function expectScenario<Started>(
  server: TestServer,
  start: () => Promise<Started>,
): Promise<Started> {
  const queued = await server.publish("unwanted", { status: "queued" });
  await queued.body?.cancel();
  await cancel(server, "unwanted");
  const started = await start();
  await reaches(server, "stopped", "running");
  await cancel(server, "stopped");
  await expectSteps(server, {
    steady: ["running 1", "succeeded 1"],
    unsteady: ["running 1", "queued 1", "running 2", "succeeded 2"],
    broken: ["running 1", "failed 1"],
    unwanted: ["running 1", "canceled 1"],
    stopped: ["running 1", "canceled 1"],
  });
  const steady = await taskOf(server.origin, "steady");
  assertEquals(
    [steady.current, steady.total, steady.unit, steady.title, steady.labels],
    [3, 3, "rows", "Steady", ["x"]],
  );
  const broken = await taskOf(server.origin, "broken");
  assertEquals(broken.message, "RuntimeError"); // not the text
  for (const id of ["steady", "unsteady"]) await expectPrivate(server, id);
  return started;
}

async function expectPrivate(server: TestServer, id: string): Promise<void> {
  const stream = await fetch(`${server.origin}/sse/realtime/${id}`);
  await stream.body?.cancel();
  assertEquals(stream.status, 403, id);
}

/** Waits for the last step of each task. */
async function expectSteps(
  server: TestServer,
  expected: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  for (const [id, steps] of Object.entries(expected)) {
    await reaches(server, id, steps.at(-1)?.split(" ")[0] ?? "");
    assertEquals(await stepsOf(server, id), steps, id);
  }
}

needs("python3-celery")(
  "taskwire.celery shows success, progress, failure, retry, cancels and a killed process",
  async () => {
    await using folder = await makeTempDir();
    await using server = await startTestServer();
    await using queue = await openCelery({ folder, server });
    await queue.send('steady.apply_async(task_id="late", expires=-1)');
    const worker = await expectScenario(server, async () => {
      await queue.send(
        'steady.apply_async(task_id="steady", headers=headers(user_id=42, title="Steady", labels=["x"]))',
        'unsteady.apply_async(task_id="unsteady", headers=headers(user_id=42))',
        'broken.apply_async(task_id="broken")',
        'endless.apply_async(task_id="unwanted")',
        'endless.apply_async(task_id="stopped")',
      );
      return await queue.work();
    });
    await queue.send('killed.apply_async(task_id="killed")');
    await expectSteps(server, {
      late: ["canceled 1"],
      killed: ["running 1", "failed 1"],
    });
    const killed = await taskOf(server.origin, "killed");
    assertEquals(killed.message, "WorkerLostError");
    assertNotMatch(worker.stderr, /taskwire: |TypeError/);
  },
);

needs("python3-celery", "python3-rq", "redis-server")( // for Python's client of Redis
  "taskwire.celery shows revoked tasks, before and during the work",
  async () => {
    await using folder = await makeTempDir();
    await using server = await startTestServer();
    await using _redis = await startRedis(folder);
    const broker = `redis+socket://${folder.path}/redis.sock`;
    await using queue = await openCelery({ folder, server }, broker);
    await queue.work();
    await queue.send(
      'endless.apply_async(task_id="first")',
      'endless.apply_async(task_id="second")',
    );
    for (const id of ["first", "second"]) await reaches(server, id, "running");
    await queue.send(
      'endless.apply_async(task_id="third")',
      "import time",
      'while not app.control.inspect().reserved() or "third" not in str(app.control.inspect().reserved()): time.sleep(0.1)',
      'app.control.revoke("third")',
      'app.control.revoke("first", terminate=True)',
    );
    await expectSteps(server, {
      first: ["running 1", "canceled 1"],
      third: ["canceled 1"],
    });
    await cancel(server, "second");
    await expectSteps(server, { second: ["running 1", "canceled 1"] });
  },
);

needs("python3-celery")(
  "taskwire.celery shows ignored, rejected and replaced tasks",
  async () => {
    await using folder = await makeTempDir();
    await using server = await startTestServer();
    await using queue = await openCelery({ folder, server });
    await queue.work();
    await queue.send(
      ...["ignored", "dead_letter", "replaced"]
        .map((id) => `${id}.apply_async(task_id="${id}")`),
    );
    await expectSteps(server, {
      ignored: ["running 1", "canceled 1"],
      dead_letter: ["running 1", "failed 1"],
      replaced: ["running 1", "succeeded 1"],
    });
  },
);

needs("python3-celery")(
  "taskwire.celery shows a group and a chord as one task each",
  async () => {
    await using folder = await makeTempDir();
    await using server = await startTestServer();
    await using queue = await openCelery({ folder, server });
    const worker = await queue.work();
    await queue.send(
      `track_group(group(part.s(n) for n in range(5)), "group", title="Parts", user_id=42).apply_async()`,
      `track_group(chord([part.s(1), chain(part.si(1), part.si(2)), unsteady.s()], part.si(9)), "chord").apply_async()`,
      `track_group(group(broken.s()), "bad").apply_async()`,
    );
    for (const [id, total] of [["group", 5], ["chord", 3]] as const) {
      await reaches(server, id, "succeeded");
      const history = await historyOf(server.origin, id);
      const counts = history.map(({ current }) => current ?? 0);
      assertEquals(Math.max(...counts), total, worker.stderr);
      assertEquals(
        history.filter(({ status }) => status === "succeeded").length,
        1,
      );
    }
    await reaches(server, "bad", "failed");
    assertEquals((await taskOf(server.origin, "bad")).message, "RuntimeError");
    await expectPrivate(server, "group");
  },
);

needs("python3-rq", "redis-server")(
  "taskwire.rq shows success, progress, failure, retry, cancels and a killed process",
  async () => {
    await using folder = await makeTempDir();
    await using server = await startTestServer();
    await using queue = await openRq({ folder, server });
    const worker = await expectScenario(server, async () => {
      await queue.send(
        'queue().enqueue(steady, job_id="steady", meta=meta(user_id=42, title="Steady", labels=["x"]))',
        'queue().enqueue(unsteady, job_id="unsteady", retry=once, meta=meta(user_id=42))',
        'queue().enqueue(broken, job_id="broken")',
        'queue().enqueue(endless, job_id="unwanted", retry=once)',
        'queue().enqueue(endless, job_id="stopped")',
      );
      return await queue.work();
    });
    await queue.send(
      'queue().enqueue(killed, job_id="killed")',
      'queue().enqueue(endless, job_id="stopped_by_rq")',
    );
    await reaches(server, "stopped_by_rq", "running");
    await queue.send(
      "from rq.command import send_stop_job_command",
      'send_stop_job_command(queue().connection, "stopped_by_rq")',
    );
    await expectSteps(server, {
      killed: ["running 1", "failed 1"],
      stopped_by_rq: ["running 1", "canceled 1"],
    });
    assertNotMatch(worker.stderr, /taskwire: |TypeError/);
  },
);

/** Queues without a package of Debian, run by stand-ins; see the programs. */
for (const name of ["dramatiq", "huey", "arq"]) {
  needs("python3")(
    `taskwire.${name} shows success, progress, failure, retry and cancels`,
    async () => {
      await using folder = await makeTempDir();
      await using server = await startTestServer();
      const python = findPython() ?? "python3";
      const start = () =>
        Promise.resolve(
          new ForeignProgram([python, `${here}${name}_jobs.py`], {
            cwd: folder.path,
            env: pythonEnv(server.origin),
          }),
        );
      await using jobs = await expectScenario(server, start);
      await jobs.ended;
      assertEquals(jobs.stderr, "");
    },
  );
}
