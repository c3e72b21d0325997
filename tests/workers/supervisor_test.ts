import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import type { WorkerStart } from "../../src/workers/messages.ts";
import {
  Supervisor,
  type WorkerProcess,
  WorkersFailedError,
} from "../../src/workers/supervisor.ts";
import { WorkerLink } from "../../src/workers/worker_link.ts";
import { createShared, pipes } from "../support/linked.ts";
import { testConfig } from "../support/server.ts";

/** A worker in the test process, controlled by the test. */
interface FakeWorker {
  readonly link: WorkerLink;
  readonly start: WorkerStart;
  isKilled: boolean;
  /** Ends the worker, like the end of a process. */
  exit(code: number): Promise<void>;
}

/** The behaviour of a {@linkcode FakeWorker} once configured. */
type Behave = (worker: FakeWorker) => void;

const listen: Behave = ({ link, start }) =>
  link.sendReady({
    host: "127.0.0.1",
    port: start.config.port || 4711,
    jwtAlgorithms: ["HS256"],
    routes: [`worker ${start.worker}`],
  });

/** Listens, and ends on request. */
const serve: Behave = (worker) => {
  listen(worker);
  worker.link.stopped.then(() => worker.exit(0));
};

/** A supervisor of fake workers. */
function createSupervisor(count: number, behave: Behave = serve) {
  const workers: FakeWorker[] = [];
  let onSpawn = () => {};
  function spawn(): WorkerProcess {
    const [ours, theirs] = pipes();
    const link = new WorkerLink(theirs);
    const exited = Promise.withResolvers<number>();
    const exit = async (code: number) => {
      exited.resolve(code);
      await link.close();
    };
    link.started.then((start) => {
      const worker = { link, start, isKilled: false, exit };
      workers.push(worker);
      process.kill = () => {
        worker.isKilled = true;
        exit(137);
      };
      behave(worker);
      onSpawn();
    });
    const process: WorkerProcess = {
      pid: 1,
      streams: ours,
      exited: exited.promise,
      kill: () => {},
    };
    return process;
  }
  const supervisor = new Supervisor({
    count,
    config: testConfig({ port: 0, drainTimeoutSeconds: 1 }),
    shared: createShared(),
    spawn,
  });
  return {
    supervisor,
    workers,
    /** Resolves when the number of workers was started, including replacements. */
    started: (number: number) =>
      new Promise<void>((resolve) => {
        onSpawn = () => workers.length >= number ? resolve() : undefined;
        onSpawn();
      }),
  };
}

Deno.test("Supervisor.start() gives all workers the port taken by the first", async () => {
  const { supervisor, workers } = createSupervisor(3);
  const { port, routes } = await supervisor.start();
  assertEquals([port, routes], [4711, ["worker 1"]]);
  assertEquals(workers.map(({ start }) => start.config.port), [0, 4711, 4711]);
  assertEquals(
    workers.map(({ start }) => start.worker).sort(),
    [1, 2, 3],
  );
  await supervisor.stop();
});

Deno.test("Supervisor.start() reports why a worker can't start", async () => {
  const { supervisor } = createSupervisor(2, ({ link, exit }) => {
    link.sendFailure("the port is taken");
    exit(1);
  });
  await assertRejects(
    () => supervisor.start(),
    WorkersFailedError,
    "the port is taken",
  );
  await supervisor.stop(0);
});

Deno.test("Supervisor.start() reports why no process can be started", async () => {
  const supervisor = new Supervisor({
    count: 2,
    config: testConfig(),
    shared: createShared(),
    spawn() {
      throw new Error("LD_AUDIT is set");
    },
  });
  await assertRejects(
    () => supervisor.start(),
    WorkersFailedError,
    "LD_AUDIT is set",
  );
  await supervisor.stop(0);
});

Deno.test("Supervisor replaces a worker that ends, with its number", async () => {
  const { supervisor, workers, started } = createSupervisor(2);
  await supervisor.start();
  await workers[1]?.exit(137);
  await started(3);
  assertEquals(workers[2]?.start.worker, 2);
  assertEquals(workers[2]?.start.config.port, 4711);
  await supervisor.stop();
});

Deno.test("Supervisor replaces drained workers without limit", async () => {
  const { supervisor, workers, started } = createSupervisor(1);
  await supervisor.start();
  for (let count = 1; count <= 10; count++) {
    await workers.at(-1)?.exit(count % 2 === 0 ? 0 : 75);
    await started(count + 1);
  }
  await supervisor.stop();
});

Deno.test("Supervisor kills a worker that stays without a link, and replaces it", async () => {
  using time = new FakeTime();
  const { supervisor, workers, started } = createSupervisor(1);
  await supervisor.start();
  await workers[0]?.link.close();
  await time.tickAsync(999);
  assertEquals(workers[0]?.isKilled, false);
  await time.tickAsync(1);
  await started(2);
  assertEquals(workers[0]?.isKilled, true);
  await supervisor.stop();
});

Deno.test("Supervisor waits longer before each replacement, and never gives up", async () => {
  using time = new FakeTime();
  const { supervisor, workers, started } = createSupervisor(1);
  await supervisor.start();
  await workers[0]?.exit(1);
  await started(2); // at once
  const pausesMs = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
  for (const [index, pauseMs] of pausesMs.entries()) {
    await workers.at(-1)?.exit(1);
    await time.tickAsync(pauseMs - 1);
    assertEquals(workers.length, index + 2);
    await time.tickAsync(1);
    await started(index + 3);
  }
  await supervisor.stop();
});

Deno.test("Supervisor.start() gives up after five deaths of workers that were never ready", async () => {
  using time = new FakeTime();
  const { supervisor, workers, started } = createSupervisor(1, () => {});
  const start = assertRejects(
    () => supervisor.start(),
    WorkersFailedError,
    "5 workers died before all were ready",
  );
  for (const [index, pauseMs] of [0, 100, 200, 400].entries()) {
    await started(index + 1);
    await workers.at(-1)?.exit(1);
    await time.tickAsync(pauseMs);
  }
  await started(5);
  await workers.at(-1)?.exit(1);
  await start;
  await supervisor.stop();
});

Deno.test("Supervisor.stop() asks all workers, and waits for them", async () => {
  const { supervisor, workers } = createSupervisor(2);
  await supervisor.start();
  await supervisor.stop(1_234);
  assertEquals(
    await Promise.all(workers.map(({ link }) => link.stopped)),
    Array(2).fill({ timeoutMs: 1_234 }),
  );
});

Deno.test("Supervisor.stop() kills a worker that doesn't end", async () => {
  using time = new FakeTime();
  const { supervisor, workers } = createSupervisor(2, listen);
  await supervisor.start();
  const stopping = supervisor.stop(500);
  await time.tickAsync(1_500);
  await stopping;
  assertEquals(workers.map(({ isKilled }) => isKilled), [true, true]);
});
