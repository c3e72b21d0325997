import { isProgress, merge, type WaitingEvent } from "./event.ts";
import {
  type Answer,
  isTemporary,
  parseObject,
  post,
  Refused,
  type Settings,
} from "./server.ts";

/** The time between requests while events only move progress, in milliseconds. */
const intervalMs = 100;

/** The most waiting events, in all tasks together. */
const maxEvents = 10_000;

/** The most events of a request, and characters. */
const maxBatch = 500;
const maxBatchLength = 262_144;

/** The longest pause between tries, in milliseconds. */
const maxPauseMs = 10_000;

/** The time before a warning is repeated, in milliseconds. */
const quietMs = 60_000;

/** A result line of `POST /api/events`. */
type Result = Partial<Answer> & {
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
};

/**
 * Sends events in batches, in the order of each task. Sent events keep their
 * `event_id` over all tries, so that each is delivered once. Waiting events keep
 * a program alive.
 */
export class Sender {
  readonly #settings: Settings;
  /** The events of each task; an event stays until answered. */
  readonly #waiting = new Map<string, WaitingEvent[]>();
  readonly #prefix = `js-${crypto.randomUUID()}`;
  readonly #warnedAtMs = new Map<string, number>();
  #count = 0;
  #ids = 0;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAtMs = Infinity;
  #isSending = false;
  #onEmpty = new Set<() => void>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Adds an event; if too many events wait, progress is dropped first. */
  put(event: WaitingEvent): void {
    const events = this.#waiting.get(event.taskId) ?? [];
    const last = events.at(-1);
    if (last && merge(last, event)) return;
    if (this.#count >= maxEvents && !this.#makeRoom(event)) {
      return this.warn(
        "full",
        `too many events wait: an event of ${event.taskId} is dropped`,
      );
    }
    events.push(event);
    this.#waiting.set(event.taskId, events);
    this.#count += 1;
    this.#sendIn(isProgress(event) || this.#failures > 0 ? intervalMs : 0);
  }

  /** Resolves once all events are answered or dropped. */
  async flush(): Promise<void> {
    if (this.#count === 0) return;
    if (this.#failures === 0) this.#sendIn(0);
    await new Promise<void>((resolve) => this.#onEmpty.add(resolve));
  }

  /** Warns, but not of the same again and again. */
  warn(topic: string, message: string): void {
    const now = performance.now();
    if (now - (this.#warnedAtMs.get(topic) ?? -Infinity) < quietMs) return;
    if (this.#warnedAtMs.size >= 1_000) this.#warnedAtMs.clear();
    this.#warnedAtMs.set(topic, now);
    // deno-lint-ignore no-console -- a program's own log takes `onWarning`
    const { onWarning = console.warn } = this.#settings;
    onWarning(`taskwire: ${message}`);
  }

  #makeRoom(event: WaitingEvent): boolean {
    if (isProgress(event)) return false;
    for (const [taskId, events] of this.#waiting) {
      const index = events.findIndex((other) =>
        isProgress(other) && !other.isFixed
      );
      if (index < 0) continue;
      this.#remove(taskId, index);
      return true;
    }
    return false;
  }

  #remove(taskId: string, index = 0): void {
    const events = this.#waiting.get(taskId) ?? [];
    events.splice(index, 1);
    this.#count -= 1;
    this.#waiting.delete(taskId);
    // At the end, so that other tasks have their turn.
    if (events.length > 0) this.#waiting.set(taskId, events);
  }

  #sendIn(delayMs: number): void {
    const dueAtMs = performance.now() + delayMs;
    if (this.#isSending || dueAtMs >= this.#dueAtMs) return;
    clearTimeout(this.#timer);
    this.#dueAtMs = dueAtMs;
    this.#timer = setTimeout(() => this.#send(), delayMs);
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    this.#dueAtMs = Infinity;
    const batch = this.#take();
    try {
      const lines = batch.map(({ line }) => line).join("\n");
      const answer = await post("api/events", lines, this.#settings);
      this.#settle(batch.map(({ event }) => event), parseResults(answer));
    } catch (error) {
      const events = batch.map(({ event }) => event);
      if (error instanceof Refused) {
        const { status, code, message: detail } = error;
        this.#settle(events, events.map(() => ({ status, code, detail })));
      } else this.#fail(events, String(error));
    }
    this.#isSending = false;
    if (this.#count > 0) {
      const isUrgent = [...this.#waiting.values()].some(([first]) =>
        first && !isProgress(first)
      );
      this.#sendIn(this.#pauseMs(isUrgent));
    } else {
      for (const resolve of this.#onEmpty) resolve();
      this.#onEmpty.clear();
    }
  }

  /** Takes the first event of each task: no event may overtake a failed one. */
  #take(): { readonly event: WaitingEvent; readonly line: string }[] {
    const batch = [];
    let length = 0;
    for (const [event] of this.#waiting.values()) {
      if (event === undefined) continue;
      if (!event.isFixed) {
        event.isFixed = true;
        event.members = {
          ...event.members,
          event_id: `${this.#prefix}-${this.#ids += 1}`,
        };
      }
      const line = this.#encode(event);
      length += line.length;
      if (batch.length === maxBatch) break;
      if (batch.length > 0 && length > maxBatchLength) break;
      batch.push({ event, line });
    }
    return batch;
  }

  #encode({ members, taskId }: WaitingEvent): string {
    try {
      return JSON.stringify({ ...members, connection_id: taskId });
    } catch (error) {
      this.warn(taskId, `an event of ${taskId} is no JSON: ${error}`);
      return "{}"; // refused by the server, and so removed
    }
  }

  #settle(batch: readonly WaitingEvent[], results: readonly Result[]): void {
    const unsent: WaitingEvent[] = [];
    let reason = "the answer was cut off";
    this.#failures = 0;
    for (const [index, event] of batch.entries()) {
      const result = results[index];
      const { status = 0, code = "unknown" } = result ?? {};
      if (result === undefined || isTemporary(status)) {
        unsent.push(event);
        if (result) reason = `HTTP ${status}: ${code}`;
        continue;
      }
      this.#remove(event.taskId);
      if (result.offset !== undefined) event.onAnswer(result as Answer);
      else {
        // An outdated attempt ends unnoticed: the next attempt has begun.
        if (code !== "attempt_outdated") {
          this.warn(
            `${code} ${event.taskId}`,
            `an event of ${event.taskId} was refused: ${code}: ${result.detail}`,
          );
        }
        event.onRefusal(code);
      }
    }
    if (unsent.length > 0) this.#fail(unsent, reason);
  }

  #fail(events: readonly WaitingEvent[], reason: string): void {
    this.#failures += 1;
    this.warn("unsent", `events wait and are sent again later: ${reason}`);
    const now = performance.now();
    for (const { taskId, expiresAtMs } of events) {
      if (expiresAtMs > now) continue;
      this.#remove(taskId);
      this.warn(
        "expired",
        `an event of ${taskId} is dropped, unsent for too long: ${reason}`,
      );
    }
  }

  /** Random after a failure, so that workers do not all return at once. */
  #pauseMs(isUrgent: boolean): number {
    if (this.#failures === 0) return isUrgent ? 0 : intervalMs;
    const pauseMs = Math.min(maxPauseMs, 250 * 2 ** this.#failures);
    return pauseMs * (0.5 + Math.random() / 2);
  }
}

/** @throws {Error} For an answer that is not from a taskwire server. */
function parseResults(answer: string): Result[] {
  const results: Result[] = [];
  for (const line of answer.split("\n")) {
    const result: Result = parseObject(line);
    if (result.offset === undefined && result.code === undefined) break;
    results.push(result);
  }
  if (results.length > 0) return results;
  throw new Error("no answer of a taskwire server: check TASKWIRE_URL");
}
