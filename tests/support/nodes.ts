import { assertEquals } from "@std/assert";
import { type Answer, answerOf } from "./answer.ts";
import { freePort } from "./free_port.ts";
import { testApiKey, testSecret } from "./server.ts";
import type { Frame } from "./socket.ts";
import { serve, type ServeCommand } from "./taskwire.ts";

/** A taskwire process among several. Disposing stops the process. */
export class TaskwireNode implements AsyncDisposable {
  /** `http://127.0.0.1:PORT`, also while the node is stopped. */
  readonly origin: string;
  readonly #port: string;
  readonly #env: Readonly<Record<string, string>>;
  #served: ServeCommand | undefined;

  constructor(env: Readonly<Record<string, string>>) {
    this.#port = String(freePort());
    this.origin = `http://127.0.0.1:${this.#port}`;
    this.#env = env;
  }

  get isRunning(): boolean {
    return this.#served !== undefined;
  }

  /** The process's id, new after every start. */
  get pid(): number {
    if (this.#served === undefined) throw new Error("The node does not run");
    return this.#served.server.pid;
  }

  /** Starts the node; after a first start, on the same port. */
  async start(): Promise<void> {
    this.#served = await serve(["--port", this.#port], { env: this.#env });
  }

  /** Kills the node: `kill -9`. */
  async kill(): Promise<void> {
    const served = this.#served;
    if (served === undefined) throw new Error("The node does not run");
    this.#served = undefined;
    served.server.kill("SIGKILL");
    await served.server.exitCode();
  }

  /** Returns the WebSocket URL of a path, for example `/ws/test/x`. */
  ws(path: string): string {
    return this.origin.replace("http", "ws") + path;
  }

  /** `GET /api/tasks` and the like, with the API key. */
  call(request: string, body?: unknown): Promise<Answer> {
    const [method = "", path = ""] = request.split(/ (.*)/);
    return answerOf(fetch(this.origin + path, {
      method,
      headers: { Authorization: `Bearer ${testApiKey}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }));
  }

  /** Publishes an event, and returns the answer. Fails if the event is refused. */
  async publish(taskId: string, event: unknown = {}): Promise<Frame> {
    const id = encodeURIComponent(taskId);
    const answer = await this.call(`POST /api/tasks/${id}/events`, event);
    assertEquals(answer.status, 201, answer.text);
    return answer.json();
  }

  /** A task's events, from the oldest kept to the newest. */
  async history(taskId: string): Promise<StoredEvent[]> {
    const path = `/api/tasks/${encodeURIComponent(taskId)}/events`;
    const events: StoredEvent[] = [];
    for (;;) {
      const offset = events.at(-1)?.offset ?? 0;
      const query = `?limit=1000&offset=${offset}`;
      const answer = await this.call(`GET ${path}${query}`);
      assertEquals(answer.status, 200, answer.text);
      const page = answer.json().events as StoredEvent[];
      if (page.length === 0) return events;
      events.push(...page);
    }
  }

  /** Stops the node. Returns the lines printed since listening, and the log. */
  async stop(): Promise<{ readonly printed: string; readonly log: string }> {
    const served = this.#served;
    if (served === undefined) throw new Error("The node does not run");
    this.#served = undefined;
    await served[Symbol.asyncDispose]();
    const { unread, stderr } = served.server;
    return { printed: unread.join("\n"), log: await stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served?.[Symbol.asyncDispose]();
  }
}

/** An event of a history. */
export interface StoredEvent {
  readonly connection_id: string;
  readonly event_id: string;
  readonly offset: number;
  readonly status: string;
  readonly current?: number;
}

/** Options of the nodes. */
export interface NodesOptions {
  /** The store of all nodes, or a store per node. */
  readonly store: string | readonly string[];
  /** More settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default {3} */
  readonly count?: number;
}

/** Several taskwire processes with the same keys. Disposing stops all processes. */
export class Nodes implements AsyncDisposable {
  readonly all: readonly TaskwireNode[];

  private constructor({ store, env = {}, count = 3 }: NodesOptions) {
    this.all = Array.from({ length: count }, (_, index) =>
      new TaskwireNode({
        TASKWIRE_API_KEYS: testApiKey,
        TASKWIRE_JWT_SECRET: testSecret,
        TASKWIRE_LOG: "error",
        TASKWIRE_DRAIN_TIMEOUT: "1",
        // Keeps all of a test's events.
        TASKWIRE_HISTORY_LIMIT: "1000000",
        TASKWIRE_STORE: typeof store === "string" ? store : store[index] ?? "",
        ...env,
      }));
  }

  static async start(options: NodesOptions): Promise<Nodes> {
    await using stack = new AsyncDisposableStack();
    const nodes = stack.use(new Nodes(options));
    await Promise.all(nodes.all.map((node) => node.start()));
    stack.move();
    return nodes;
  }

  /** Returns a node by index, counting round after the last. */
  at(index: number): TaskwireNode {
    const node = this.all[index % this.all.length];
    if (node === undefined) throw new Error("There are no nodes");
    return node;
  }

  /** Returns a random running node. */
  random(): TaskwireNode {
    const running = this.all.filter(({ isRunning }) => isRunning);
    const node = running[Math.floor(Math.random() * running.length)];
    if (node === undefined) throw new Error("No node runs");
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = await Promise.allSettled(
      this.all.map((node) => node[Symbol.asyncDispose]()),
    );
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }
}
