import { type Answer, answerOf } from "./answer.ts";
import type { Need } from "./needs.ts";
import { Nodes } from "./nodes.ts";
import { RedisServer } from "./redis_server.ts";
import { makeTempDir } from "./temp_dir.ts";

/** Running servers with the same tasks. Disposing stops everything. */
export interface Deployed extends AsyncDisposable {
  readonly nodes: Nodes;
}

/** A way to run servers with the same tasks. */
export interface Deployment {
  readonly name: string;
  readonly needs: readonly Need[];
  /** The number of processes that answer requests. */
  readonly processes: number;
  /** @param env Further settings. */
  start(env?: Readonly<Record<string, string>>): Promise<Deployed>;
}

/** Makes a deployment of a single node. */
function oneNode(
  name: string,
  kind: "memory" | "sqlite",
  workers: number,
): Deployment {
  return {
    name,
    needs: [],
    processes: workers,
    start: (env) =>
      deploy(async (stack) => {
        const store = kind === "memory"
          ? "memory:"
          : `sqlite:${stack.use(await makeTempDir()).path}/taskwire.db`;
        return await Nodes.start({
          store,
          count: 1,
          env: { TASKWIRE_WORKERS: String(workers), ...env },
        });
      }),
  };
}

async function deploy(
  start: (stack: AsyncDisposableStack) => Promise<Nodes>,
): Promise<Deployed> {
  await using stack = new AsyncDisposableStack();
  const nodes = stack.use(await start(stack));
  const kept = stack.move();
  return { nodes, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The stores, workers and nodes that have to give the same answers. */
export const deployments: readonly Deployment[] = [
  oneNode("memory", "memory", 1),
  oneNode("SQLite", "sqlite", 1),
  oneNode("memory, two workers", "memory", 2),
  oneNode("SQLite, two workers", "sqlite", 2),
  {
    name: "Redis, three nodes",
    needs: ["redis-server"],
    processes: 3,
    start: (env = {}) =>
      deploy(async (stack) => {
        const { url: store } = stack.use(await RedisServer.start());
        return await Nodes.start({ store, env });
      }),
  },
];

/**
 * Calls the API over a new connection, which the kernel gives to any worker.
 *
 * @param request `GET /api/tasks` and the like.
 */
export async function callAnew(
  origin: string,
  request: string,
  { key, body }: { readonly key: string; readonly body?: unknown },
): Promise<Answer> {
  const [method = "", path = ""] = request.split(/ (.*)/);
  using client = Deno.createHttpClient({});
  return await answerOf(fetch(origin + path, {
    client,
    method,
    headers: { Authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : {
      body: typeof body === "string" ? body : JSON.stringify(body),
    }),
  }));
}
