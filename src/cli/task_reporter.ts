import { delay } from "../async/delay.ts";
import { retryDelayMs } from "../client/retry.ts";
import { CommandFailure } from "../terminal/failure.ts";
import { foreignAnswer, RefusalFailure, requestApi } from "./api_request.ts";
import { parseObject } from "./parse_object.ts";

/** The time between two events, in milliseconds. */
const publishPauseMs = 500;

/** The time for an answer, in milliseconds. A heartbeat may wait in addition. */
const answerMs = 5_000;

/** The longest wait of a heartbeat, in milliseconds: below the usual limit of proxies. */
const maxWaitMs = 30_000;

/** The time between two tries to publish the end, in milliseconds. */
const maxLastPauseMs = 500;

/** The time limit for publishing the end of a task, in milliseconds. */
const endMs = 10_000;

/** The task of a {@linkcode TaskReporter}. */
export interface TaskReporterOptions {
  readonly server: URL;
  readonly apiKey: string;
  readonly taskId: string;
  /**
   * The members of every event. Repeated, so that a server without the first
   * event (restarted without a file, or reached late) also knows the task's user.
   */
  readonly members: Readonly<Record<string, unknown>> & {
    readonly lease: number;
  };
  /** Called when a cancel is requested, and again by later answers. */
  readonly onCancel: () => void;
  readonly warn: (text: string) => void;
}

/**
 * Publishes a task while its work goes on: `running`, messages, heartbeats and
 * the end. Nothing waits for the server: only the newest message is kept, and a
 * failed request is repeated in the background.
 */
export class TaskReporter {
  readonly #options: TaskReporterOptions;
  /** Aborted at the end of the work. */
  readonly #ended = new AbortController();
  /** Aborted when nothing can be published any more. */
  readonly #stopped = new AbortController();
  /** Resolved once the server knows the task. */
  readonly #known = Promise.withResolvers<void>();
  #reporting: Promise<unknown> | undefined;
  #message: string | undefined;
  #last: Readonly<Record<string, unknown>> = {};
  #noRetry: AbortSignal | undefined;
  #hasNews = true;
  #wake = () => {};
  #hasWarned = false;
  #fault: string;

  constructor(options: TaskReporterOptions) {
    this.#options = options;
    this.#fault = `no answer from ${options.server.origin}`;
  }

  /** Begins with the status `running`. */
  start(): void {
    this.#reporting = Promise.all([this.#publish(), this.#renewLease()]);
    // An unexpected error is thrown by `end`: the work must not be disturbed.
    this.#reporting.catch(() => {});
  }

  /** Publishes a message, or replaces a message not yet sent. */
  setMessage(message: string): void {
    this.#message = message;
    this.#announce();
  }

  /**
   * Publishes the last event, in place of an event not yet accepted. Gives up
   * after a time limit.
   *
   * @param signal Ends the retries. The signal that ended the work may arrive
   * late, so one try is made and finished nevertheless.
   */
  async end(
    event: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<void> {
    const timer = setTimeout(() => this.#giveUp(), endMs);
    this.#last = event;
    this.#noRetry = signal;
    this.#ended.abort();
    this.#announce();
    if (this.#reporting === undefined) this.start();
    try {
      await this.#reporting;
    } finally {
      clearTimeout(timer);
    }
  }

  #giveUp(): void {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    this.#options.warn(`the end of the task was not published: ${this.#fault}`);
  }

  #announce(): void {
    this.#hasNews = true;
    this.#wake();
  }

  async #publish(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      this.#hasNews = false;
      const message = this.#message;
      await this.#deliver({
        status: "running",
        ...(message === undefined ? {} : { message }),
      });
      this.#known.resolve();
      await delay(publishPauseMs, signal);
      if (this.#hasNews) continue;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#known.resolve();
    await this.#deliver(this.#last, true);
  }

  /** Sends an event until the server has the event, or nothing can be published. */
  async #deliver(
    event: Readonly<Record<string, unknown>>,
    isLast = false,
  ): Promise<void> {
    const { members } = this.#options;
    const event_id = crypto.randomUUID();
    const body = JSON.stringify({ ...members, ...event, event_id });
    const { signal: stopped } = this.#stopped;
    const { signal: ended } = this.#ended;
    for (let failures = 0; !stopped.aborted; failures += 1) {
      if (await this.#request("events", body, answerMs, stopped)) return;
      const pauseMs = retryDelayMs(failures);
      if (isLast) {
        await delay(Math.min(pauseMs, maxLastPauseMs), this.#noRetry);
        if (this.#noRetry?.aborted) this.#giveUp();
      } else {
        await delay(pauseMs, ended);
        // The last event says all that this event says.
        if (ended.aborted) return;
      }
    }
  }

  /** Renews the lease until the end of the work. Each heartbeat waits for a cancel. */
  async #renewLease(): Promise<void> {
    const { lease } = this.#options.members;
    const waitMs = Math.min(maxWaitMs, lease * 1_000 / 3);
    const body = JSON.stringify({ lease, wait: waitMs / 1_000 });
    const signal = AbortSignal.any([this.#ended.signal, this.#stopped.signal]);
    await this.#known.promise;
    let failures = 0;
    while (!signal.aborted) {
      const sentAtMs = performance.now();
      const timeoutMs = waitMs + answerMs;
      if (await this.#request("heartbeat", body, timeoutMs, signal)) {
        failures = 0;
        // A server that stops, or a requested cancel, ends the wait early.
        const spentMs = performance.now() - sentAtMs;
        await delay(Math.max(0, waitMs - spentMs), signal);
      } else {
        await delay(Math.min(waitMs, retryDelayMs(failures)), signal);
        failures += 1;
      }
    }
  }

  /** @returns True if the server accepted the request. */
  async #request(
    path: "events" | "heartbeat",
    body: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { server, apiKey, taskId, onCancel } = this.#options;
    const url = new URL(
      `api/tasks/${encodeURIComponent(taskId)}/${path}`,
      server,
    );
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await requestApi(url, apiKey, {
        method: "POST",
        body,
        signal: AbortSignal.any([signal, timeout]),
      }, "published");
      const answer = parseObject(await response.text());
      if (answer === undefined) throw new CommandFailure(foreignAnswer);
      if (answer.cancel_requested === true) onCancel();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (timeout.aborted) {
        this.#warnOfRetry(`no answer from ${url.origin} in time`);
      } else if (error instanceof RefusalFailure && isFinal(error)) {
        // The server lost the task: the next event begins the task again.
        if (path === "heartbeat" && error.code === "task_unknown") {
          this.#announce();
        } else this.#stop(error.message);
      } else if (
        error instanceof CommandFailure || error instanceof TypeError
      ) {
        this.#warnOfRetry(error.message);
      } else throw error;
      return false;
    }
  }

  #warnOfRetry(fault: string): void {
    this.#fault = fault;
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.warn(
      `${fault}. The command is not affected; its progress is published when the server answers`,
    );
  }

  #stop(fault: string): void {
    this.#stopped.abort();
    this.#options.warn(
      `${fault}. The command is not affected, but its progress is no longer published`,
    );
  }
}

/** Tells if the server itself refused, for a reason that a later try does not remove. */
function isFinal({ status, code }: RefusalFailure): boolean {
  return code !== undefined && status < 500 && status !== 408 && status !== 429;
}
