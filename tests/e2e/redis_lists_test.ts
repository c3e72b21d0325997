import { assert, assertEquals } from "@std/assert";
import { ClientList } from "../support/client_list.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { Nodes, type TaskwireNode } from "../support/nodes.ts";
import { openForLists } from "../support/realtime.ts";
import { RedisServer } from "../support/redis_server.ts";
import type { Frame, TestSocket } from "../support/socket.ts";
import { upTo } from "../support/watching.ts";

const test = needs("redis-server");

/** The lists of a client, and the same tasks in the API. */
const queries = {
  mine: { frame: { mine: true }, api: "user_id=ada&limit=500" },
  rows: { frame: { labels: ["rows"] }, api: "label=rows&limit=500" },
} as const;

/** A client's lists at one node, kept up to date. Disposing closes the socket. */
class Client implements AsyncDisposable {
  readonly #node: TaskwireNode;
  readonly #socket: TestSocket;
  readonly #lists = new Map(
    Object.keys(queries).map((name) => [name, new ClientList()]),
  );
  readonly #reading: Promise<unknown>;
  #failure: unknown;

  private constructor(node: TaskwireNode, socket: TestSocket) {
    this.#node = node;
    this.#socket = socket;
    this.#reading = this.#read().catch((error) => this.#failure = error);
  }

  static async open(node: TaskwireNode): Promise<Client> {
    const claims = { sub: "ada", labels: ["*"] };
    const client = new Client(node, await openForLists(node, claims));
    for (const [list, { frame }] of Object.entries(queries)) {
      client.#socket.send({ type: "subscribe_list", list, ...frame });
    }
    return client;
  }

  /** The ids of the tasks of all lists. */
  get ids(): string[] {
    return [...this.#lists.values()].flatMap(({ ids }) => ids);
  }

  /** True if the lists are equal to the answers of the API. */
  async isUpToDate(): Promise<boolean> {
    // A frame that contradicts an earlier frame, or an early end.
    if (this.#failure !== undefined) throw this.#failure;
    for (const [name, list] of this.#lists) {
      const { api } = queries[name as keyof typeof queries];
      const answer = await this.#node.call(`GET /api/tasks?${api}`);
      if (answer.status !== 200) return false; // the node has no Redis
      const { tasks } = answer.json() as { tasks: Frame[] };
      if (versionsOf(tasks) !== versionsOf(list.tasks)) return false;
    }
    return true;
  }

  async #read(): Promise<never> {
    for (;;) {
      const frame = await this.#socket.nextFrame();
      this.#lists.get(String(frame.list))?.take(frame);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket[Symbol.asyncDispose]();
    await this.#reading;
  }
}

function versionsOf(tasks: readonly object[]): string {
  return tasks.map((task) => JSON.stringify(task)).sort().join("\n");
}

/** Opens a client at each node, and waits for the lists. */
async function openClients(
  nodes: Nodes,
  stack: AsyncDisposableStack,
): Promise<Client[]> {
  const clients: Client[] = [];
  for (const node of nodes.all) {
    clients.push(stack.use(await Client.open(node)));
  }
  return clients;
}

/** Waits until all lists are equal to the answers of the API. */
async function upToDate(clients: readonly Client[]): Promise<void> {
  await eventually(async () => {
    const all = await Promise.all(clients.map((client) => client.isUpToDate()));
    return all.every((isUpToDate) => isUpToDate);
  });
}

/** Publishes events of many tasks at the given nodes, and deletes some tasks. */
async function changeTasks(nodes: readonly TaskwireNode[]): Promise<void> {
  await Promise.all(
    upTo(30).map(async (number) => {
      const task = `task-${number}`;
      const event = {
        ...(number % 2 === 0 ? { user_id: "ada" } : {}),
        ...(number % 3 === 0 ? { labels: ["rows", `n:${number}`] } : {}),
      };
      for (const round of upTo(6)) {
        const node = nodes[(number + round) % nodes.length];
        assert(node);
        await node.publish(task, { ...event, message: `round ${round}` });
        if ((number + round) % 10 !== 0) continue;
        const { status } = await node.call(`DELETE /api/tasks/${task}`);
        assertEquals(status, 204);
      }
    }),
  );
}

test("lists at each of three nodes follow deleted and expired tasks", async () => {
  await using redis = await RedisServer.start();
  await using nodes = await Nodes.start({
    store: redis.url,
    env: { TASKWIRE_HISTORY_TTL: "3" },
  });
  await using stack = new AsyncDisposableStack();
  const clients = await openClients(nodes, stack);
  await changeTasks(nodes.all);
  await upToDate(clients);
  const [{ ids } = { ids: [] }] = clients;
  assert(ids.length > 10, `${ids}`);
  // All tasks expire but the one that goes on.
  const event = { user_id: "ada", labels: ["rows"] };
  await eventually(async () => {
    await nodes.random().publish("goes on", event);
    return clients.every(({ ids }) => ids.join() === "goes on,goes on");
  });
  await upToDate(clients);
});

test("lists at a node cut off from Redis follow the changes at other nodes afterwards", async () => {
  await using redis = await RedisServer.start();
  await using proxy = cutProxy(`http://127.0.0.1:${redis.port}`);
  const away = `redis://127.0.0.1:${proxy.port}`;
  await using nodes = await Nodes.start({
    store: [away, redis.url, redis.url],
  });
  await using stack = new AsyncDisposableStack();
  const clients = await openClients(nodes, stack);
  await changeTasks(nodes.all);
  await upToDate(clients);
  const [cutOff, ...others] = nodes.all;
  assert(cutOff);
  for (const _ of upTo(2)) {
    proxy.cut();
    await eventually(async () =>
      (await cutOff.call("GET /readyz")).status === 503
    );
    await changeTasks(others);
    await upToDate(clients.slice(1));
    proxy.mend();
    await upToDate(clients);
    await changeTasks(nodes.all);
    await upToDate(clients);
  }
});
