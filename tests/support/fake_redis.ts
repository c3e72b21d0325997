import type { OnMessage, RedisClient } from "../../src/redis/client.ts";
import { taskOfChannel } from "../../src/store/redis/keys.ts";
import type { HistoryView } from "../../src/tasks/store.ts";
import type { StreamPosition } from "../../src/tasks/event.ts";
import { applyChange, type TaskState } from "../../src/tasks/state.ts";
import { encodeHead } from "../../src/store/redis/announcement.ts";

/** A task in a {@linkcode FakeRedis}. */
interface FakeTask {
  readonly epoch: string;
  readonly state: TaskState | undefined;
  /** The events as JSON, beginning at the offset. */
  readonly events: readonly string[];
  readonly first: number;
}

/** The subset of Redis used by feeds: histories and subscriptions. */
export class FakeRedis {
  readonly #tasks = new Map<string, FakeTask>();
  readonly #clients = new Set<FakeRedisClient>();

  /** Connects a new client. */
  connect(): FakeRedisClient {
    const client = new FakeRedisClient();
    this.#clients.add(client);
    return client;
  }

  /** Publishes an event, to the clients as well. */
  publish(taskId: string): void {
    const task = this.#task(taskId);
    const { epoch } = task;
    const result = applyChange(task.state, {}, {
      taskId,
      epoch,
      now: new Date(0),
    });
    if ("code" in result || !result.event) throw new Error("Refused");
    const { event, state } = result;
    const json = JSON.stringify(event);
    this.#tasks.set(taskId, {
      ...task,
      state,
      events: [...task.events, json],
    });
    this.say(taskId, `${encodeHead(state)}\n${json}`);
  }

  /** Sends a message to the subscribers of a task. */
  say(taskId: string, message: string): void {
    for (const client of this.#clients) client.hear(taskId, message);
  }

  /**
   * Replaces a task's history by a new history with the same number of events,
   * unless given events.
   */
  renew(taskId: string, epoch: string): void {
    this.#tasks.set(taskId, {
      epoch,
      state: undefined,
      events: [],
      first: 1,
    });
  }

  /** Keeps the newest events alone. */
  trim(taskId: string, count: number): void {
    const task = this.#task(taskId);
    const events = task.events.slice(-count);
    const first = task.first + task.events.length - events.length;
    this.#tasks.set(taskId, { ...task, events, first });
  }

  read(
    taskId: string,
    since: StreamPosition,
    limit: number,
  ): HistoryView {
    const { epoch, state, events, first } = this.#task(taskId);
    const offset = state?.snapshot.offset ?? 0;
    const recovered = since.epoch === epoch && since.offset >= first - 1 &&
      since.offset <= offset;
    const from = since.offset + 1 - first;
    return {
      epoch,
      offset,
      state,
      recovered,
      events: recovered
        ? events.slice(from, from + limit).map((json, index) => ({
          offset: since.offset + 1 + index,
          json,
        }))
        : [],
    };
  }

  #task(taskId: string): FakeTask {
    return this.#tasks.get(taskId) ??
      { epoch: "one", state: undefined, events: [], first: 1 };
  }
}

/** A connection that runs and records every command at once. */
export class FakeRedisClient implements RedisClient {
  /** The calls: `+a` and `-a` for subscriptions, `a=2` for watchers. */
  readonly done: string[] = [];
  /** The subscribed tasks. */
  readonly subscribed = new Set<string>();
  /** The number of watchers per task, as sent. */
  readonly watchers = new Map<string, number>();
  /** Called before a command resolves. An error thrown here rejects the command. */
  before: (what: string) => void | Promise<void> = () => {};
  #onMessage: OnMessage = () => {};

  async subscribe(
    channels: readonly string[],
    onMessage: OnMessage,
  ): Promise<void> {
    this.#onMessage = onMessage;
    for (const id of channels.map(taskOfChannel)) {
      this.done.push(`+${id}`);
      this.subscribed.add(id);
    }
    await this.before(`+${channels.map(taskOfChannel)}`);
  }

  async unsubscribe(channel: string): Promise<void> {
    const id = taskOfChannel(channel);
    this.done.push(`-${id}`);
    this.subscribed.delete(id);
    await this.before(`-${id}`);
  }

  /** The only script sets the numbers of watchers. */
  async run(
    _script: unknown,
    _keys: readonly string[],
    [id = "", watchers = ""]: readonly string[],
  ): Promise<unknown> {
    this.done.push(`${id}=${watchers}`);
    this.watchers.set(id, Number(watchers));
    await this.before(`${id}=${watchers}`);
    return null;
  }

  hear(taskId: string, message: string): void {
    if (this.subscribed.has(taskId)) {
      this.#onMessage(message, `test:{1}:t0:${taskId}`);
    }
  }

  send(): Promise<unknown> {
    return Promise.reject(new Error("Unused"));
  }

  info(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map());
  }

  destroy(): void {}
}
