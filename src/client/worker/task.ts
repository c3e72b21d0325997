import type { Members } from "./event.ts";
import { Sender } from "./sender.ts";
import {
  type Answer,
  parseObject,
  post,
  Refused,
  type Settings,
} from "./server.ts";

/** The longest message of an event, in characters. */
const maxMessageLength = 1_000;

/** The longest wait of a heartbeat for a request to cancel, in seconds. */
const maxWaitSeconds = 10;

/** The task was asked to stop: the reason of {@linkcode Task.signal}. */
export class Canceled extends Error {
  override readonly name = "Canceled";

  constructor(taskId: string) {
    super(`${taskId} was asked to stop`);
  }
}

/** Options of a task. */
export interface TaskOptions {
  /** The name of the task for people. */
  readonly title?: string | undefined;
  /** The labels by which lists find the task. */
  readonly labels?: readonly string[] | undefined;
  /** Makes the task private to the user. */
  readonly userId?: string | number | undefined;
  /** 2 for the first retry, and so on. */
  readonly attempt?: number | undefined;
  /** To be done in all, in `unit`. */
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  /**
   * If the process dies, the task is `lost` after this time, in seconds;
   * heartbeats renew the lease while the process lives. `null` turns lease and
   * heartbeats off.
   *
   * @default {30}
   */
  readonly lease?: number | null | undefined;
  /**
   * Shows watchers the text of an error, which may contain secrets, beside the
   * error's name.
   *
   * @default {false}
   */
  readonly showErrors?: boolean | undefined;
}

/** The members of an update. */
export interface Update {
  /** 0 to 1. */
  readonly progress?: number | undefined;
  /** Done so far, in `unit`. */
  readonly current?: number | undefined;
  /** Adds to `current`, for several workers of one task. */
  readonly increment?: number | undefined;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  /** A sentence for people. */
  readonly message?: string | undefined;
  /** Further data: any JSON value. */
  readonly data?: unknown;
}

/**
 * A task of this program. All methods but `publish` and `run` return at once
 * and throw no error of the network.
 */
export interface Task {
  readonly id: string;
  /** Aborted with {@linkcode Canceled} if the task is asked to stop. */
  readonly signal: AbortSignal;
  /** Publishes `queued`: the task waits, for its start or for another attempt. */
  queue(message?: string): void;
  /** Publishes `running`. */
  start(): void;
  /**
   * Publishes progress: 0 to 1, or several members.
   *
   * @throws {Canceled} If the task was asked to stop.
   */
  update(update: number | Update): void;
  /** Publishes `succeeded`. */
  succeed(message?: string): void;
  /** Publishes `failed` with a text, or as much of an error as `showErrors` allows. */
  fail(error?: unknown): void;
  /** Publishes `canceled`: the task has stopped before its end. */
  cancel(message?: string): void;
  /**
   * Runs a function as the task: `running`, then `succeeded`, `failed` if the
   * function throws, or `canceled` if the function throws after a request to
   * stop. Errors are thrown on.
   */
  run<Result>(fn: (task: Task) => Result | Promise<Result>): Promise<Result>;
  /**
   * Publishes one event at once, in one try, for a program that must know of the
   * event before it goes on.
   *
   * @throws {Refused} If the server refuses the event.
   * @throws {Error} If the server does not answer.
   */
  publish(event: Members): Promise<Answer>;
}

/** A program's tasks on one server. */
export interface Worker {
  /** Makes a task, identified by its `connection_id`. */
  task(id: string, options?: TaskOptions): Task;
  /** Resolves once all events are answered, or dropped after `retryForMs`. */
  flush(): Promise<void>;
}

/** Connects to a server. Nothing is sent before the first event. */
export function connectWorker(settings: Settings = {}): Worker {
  const sender = new Sender(settings);
  return {
    task: (id, options = {}) => new SentTask(id, options, settings, sender),
    flush: () => sender.flush(),
  };
}

class SentTask implements Task {
  readonly id: string;
  readonly #options: TaskOptions;
  readonly #settings: Settings;
  readonly #sender: Sender;
  readonly #lease: number | null;
  readonly #controller = new AbortController();
  /** Aborted when heartbeats have to end. */
  #beating: AbortController | undefined;
  #isOpen = false;
  #isOver = false;

  constructor(
    id: string,
    options: TaskOptions,
    settings: Settings,
    sender: Sender,
  ) {
    this.id = id;
    this.#options = options;
    this.#settings = settings;
    this.#sender = sender;
    const { lease = 30 } = options;
    this.#lease = lease;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  queue(message?: string): void {
    this.#close();
    this.#put({ status: "queued", ...this.#first, message });
  }

  start(): void {
    this.#isOpen = true;
    this.#isOver = false;
    this.#put({ status: "running", ...this.#first });
  }

  update(update: number | Update): void {
    this.signal.throwIfAborted();
    if (this.#isOver) return;
    this.#put(
      typeof update === "number" ? { progress: update } : { ...update },
    );
  }

  succeed(message?: string): void {
    this.#end("succeeded", message);
  }

  fail(error?: unknown): void {
    this.#end("failed", this.#describe(error));
  }

  cancel(message?: string): void {
    this.#end("canceled", message);
  }

  async run<Result>(
    fn: (task: Task) => Result | Promise<Result>,
  ): Promise<Result> {
    this.start();
    try {
      const result = await fn(this);
      this.succeed();
      return result;
    } catch (error) {
      if (this.signal.aborted) this.cancel();
      else this.fail(error);
      throw error;
    }
  }

  async publish(event: Members): Promise<Answer> {
    const text = await post(
      this.#path("events"),
      JSON.stringify({ ...this.#first, ...this.#always, ...event }),
      this.#settings,
    );
    const answer = parseObject(text);
    if (typeof answer.offset === "number") return answer as unknown as Answer;
    throw new Error("no answer of a taskwire server: check TASKWIRE_URL");
  }

  /** The members of the first event. */
  get #first(): Members {
    const { title, labels, total, unit } = this.#options;
    return { title, labels, total, unit };
  }

  /** The members of each event: a task must not become open if the first event is lost. */
  get #always(): Members {
    return { user_id: this.#options.userId, attempt: this.#options.attempt };
  }

  #path(action: string): string {
    return `api/tasks/${encodeURIComponent(this.id)}/${action}`;
  }

  #end(status: string, message: string | undefined): void {
    if (this.#isOver) return;
    this.#put({ status, message });
    this.#isOver = true;
    this.#close();
  }

  #close(): void {
    this.#isOpen = false;
    this.#beating?.abort();
    this.#beating = undefined;
  }

  #describe(error: unknown): string | undefined {
    if (!(error instanceof Error)) {
      return error === undefined ? undefined : String(error);
    }
    return this.#options.showErrors ? String(error) : error.name;
  }

  #put({ message, data, ...members }: Members): void {
    const { status = "running" } = members;
    const event = {
      ...members,
      ...this.#always,
      message: message === undefined
        ? undefined
        : String(message).slice(0, maxMessageLength),
      // Copied, since the program may change the object before it is sent.
      data: data === undefined ? undefined : this.#copy(data),
      lease: status === "running" ? this.#lease ?? undefined : undefined,
    };
    const { retryForMs = 3_600_000 } = this.#settings;
    this.#sender.put({
      taskId: this.id,
      members: Object.fromEntries(
        Object.entries(event).filter(([, value]) => value !== undefined),
      ),
      expiresAtMs: performance.now() + retryForMs,
      isFixed: false,
      onAnswer: (answer) => {
        if (answer.cancel_requested) this.#requestCancel();
        if (this.#isOpen && this.#lease !== null) this.#beat(this.#lease);
      },
      onRefusal: (code) => {
        // The end, or the next attempt, came from elsewhere.
        if (code !== "task_finished" && code !== "attempt_outdated") return;
        if (!this.#isOpen) return;
        this.#isOver = true;
        this.#close();
      },
    });
  }

  #copy(data: unknown): unknown {
    try {
      return JSON.parse(JSON.stringify(data));
    } catch (error) {
      this.#sender.warn(this.id, `data that is no JSON is left out: ${error}`);
    }
  }

  #requestCancel(): void {
    this.#controller.abort(new Canceled(this.id));
  }

  /** Renews the lease, and waits for a request to cancel, until the end. */
  async #beat(lease: number): Promise<void> {
    if (this.#beating) return;
    const { signal } = this.#beating = new AbortController();
    const wait = Math.min(maxWaitSeconds, lease / 3);
    const { attempt } = this.#options;
    while (!signal.aborted) {
      const startedAtMs = performance.now();
      try {
        const body = JSON.stringify({ lease, wait });
        const path = this.#path("heartbeat");
        const answer = parseObject(
          await post(path, body, this.#settings, wait * 1_000, signal),
        );
        if (attempt !== undefined && Number(answer.attempt) > attempt) return;
        if (answer.cancel_requested) this.#requestCancel();
      } catch (error) {
        if (error instanceof Refused && error.status === 409) return;
        // The sender warns of the same.
      }
      const restMs = startedAtMs + wait * 1_000 - performance.now();
      // At once after a full wait; an early answer means a cancel or a fault.
      await pause(restMs, signal);
    }
  }
}

/** Waits without keeping the program alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, Math.max(0, ms));
    const { unref } = Object(timer);
    if (typeof unref === "function") unref.call(timer);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
