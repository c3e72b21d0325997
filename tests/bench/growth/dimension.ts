import { Crowd } from "./crowd.ts";
import {
  type MeasuredServer,
  startMeasured,
  type StoreKind,
} from "./measured_server.ts";
import {
  fill,
  type NextTask,
  publishBatch,
  publishOne,
  randomTask,
  taskId,
  taskInTurn,
} from "./publisher.ts";

/** A way to publish, step by step. */
export interface Mode {
  readonly name: string;
  /**
   * Publishes, and waits for all deliveries.
   *
   * @returns The number of events.
   */
  step(): Promise<number>;
}

/** A server of a size. */
export interface Scene extends AsyncDisposable {
  readonly server: MeasuredServer;
  readonly modes: readonly Mode[];
}

/** A dimension of growth, to measure the cost of a publish. */
export interface Dimension {
  readonly key: string;
  readonly title: string;
  /** The unit of the sizes. */
  readonly unit: string;
  readonly sizes: readonly number[];
  /**
   * True if every unit receives every event: the cost is then shown per unit.
   */
  readonly isDelivered?: true;
  grow(kind: StoreKind, size: number): Promise<Scene>;
}

const batchSize = 100;
const smallBatchSize = 10;

/** The minimum number of events to fill a server, to compile all code alike. */
const leastFilled = 20_000;

/** A history limit that is never reached. */
const unlimited = 1_000_000_000;

/** The maximum number of deliveries to wait for together. */
const deliveriesAtOnce = 10_000;

/** All dimensions, in order. */
export const dimensions: readonly Dimension[] = [
  {
    key: "tasks",
    title: "Tasks that are known",
    unit: "tasks",
    sizes: [1, 10, 100, 1_000, 10_000, 100_000],
    async grow(kind, size) {
      const server = await startMeasured(kind, unlimited, 0);
      await fill(server.origin, taskInTurn(size), Math.max(size, leastFilled));
      return {
        ...scene(server, randomTask(size)),
        modes: [
          ...publishing(server, randomTask(size)),
          batches(server, taskInTurn(size), "batches, in turn"),
        ],
      };
    },
  },
  {
    key: "watchers",
    title: "Watchers of the task",
    unit: "watchers",
    sizes: [1, 10, 100, 1_000, 10_000],
    isDelivered: true,
    grow: growWatchers,
  },
  {
    key: "history",
    title: "Events that are kept, of 1,000 tasks",
    unit: "events",
    sizes: [1_000, 10_000, 100_000, 1_000_000],
    grow: (kind, size) => growHistory(kind, size, 1_000),
  },
  {
    key: "long-history",
    title: "Events that are kept, of one task",
    unit: "events",
    sizes: [10, 100, 1_000, 10_000, 100_000],
    grow: (kind, size) => growHistory(kind, size, 1),
  },
  {
    key: "sockets",
    title: "Idle sockets, which watch other tasks",
    unit: "sockets",
    sizes: [0, 100, 1_000, 5_000, 10_000, 15_000],
    async grow(kind, size) {
      await using stack = new AsyncDisposableStack();
      const server = stack.use(await startMeasured(kind, unlimited, size));
      await fill(server.origin, taskInTurn(batchSize), leastFilled);
      if (size > 0) stack.use(await Crowd.open(server.origin, size));
      const kept = stack.move();
      return {
        server,
        modes: publishing(server, randomTask(batchSize)),
        [Symbol.asyncDispose]: () => kept.disposeAsync(),
      };
    },
  },
];

/** Filled to the limit, so that further events do not change the length. */
async function growHistory(
  kind: StoreKind,
  size: number,
  tasks: number,
): Promise<Scene> {
  const server = await startMeasured(kind, size / tasks, 0);
  await fill(server.origin, taskInTurn(tasks), Math.max(size, leastFilled));
  return scene(server, randomTask(tasks));
}

async function growWatchers(kind: StoreKind, size: number): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startMeasured(kind, unlimited, size));
  const { origin } = server;
  const watched = () => taskId(0);
  await fill(origin, taskInTurn(batchSize), leastFilled);
  const crowd = stack.use(await Crowd.open(origin, size, watched()));
  let delivered = 0;
  async function deliver(times: number, publish: () => Promise<number>) {
    for (let time = 0; time < times; time++) delivered += await publish();
    await crowd.received(delivered);
  }
  const singles = Math.min(batchSize, Math.ceil(deliveriesAtOnce / size));
  const kept = stack.move();
  return {
    server,
    modes: [
      {
        name: "single",
        async step() {
          await deliver(singles, () => publishOne(origin, watched));
          return singles;
        },
      },
      {
        name: "batches of 10",
        async step() {
          await deliver(
            1,
            () => publishBatch(origin, watched, smallBatchSize),
          );
          return smallBatchSize;
        },
      },
    ],
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function scene(server: MeasuredServer, nextTask: NextTask): Scene {
  return {
    server,
    modes: publishing(server, nextTask),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function publishing(server: MeasuredServer, nextTask: NextTask): Mode[] {
  return [
    batches(server, nextTask, "batches"),
    {
      name: "single",
      async step() {
        await publishOne(server.origin, nextTask);
        return 1;
      },
    },
  ];
}

function batches(
  { origin }: MeasuredServer,
  nextTask: NextTask,
  name: string,
): Mode {
  return {
    name,
    async step() {
      await publishBatch(origin, nextTask, batchSize);
      return batchSize;
    },
  };
}
