import type {
  ClearedMember,
  Task,
  TaskEvent,
  TaskNotice,
  TaskSync,
  TaskwireError,
} from "./api.ts";
import type { UpdateQueue } from "./update_queue.ts";

/** A frame of the server about a task. */
export type TaskFrame =
  | (TaskSync & { readonly recovered: boolean })
  | TaskEvent
  | TaskNotice;

/** True if a task with this status has ended. */
function isFinal(status: string): boolean {
  return /^(succeeded|failed|canceled)$/.test(status);
}

/** A watched task with the queues of all consumers. */
export class FollowedTask {
  readonly id: string;
  readonly queues = new Set<UpdateQueue>();
  /** The position of the last received event, from which to resume. */
  position: { readonly epoch: string; readonly offset: number } | undefined;
  /** True once the current connection has delivered its `sync`. */
  isSynced = false;
  /** The current state, as the first update for later consumers. */
  #task: Task | null = null;

  constructor(id: string) {
    this.id = id;
  }

  /** Adds a consumer. The current state is the first update. */
  join(queue: UpdateQueue): void {
    this.queues.add(queue);
    if (this.position) queue.push(this.#describe(this.position));
  }

  /** Applies a frame. Returns true if the task has ended. */
  take(frame: TaskFrame): boolean {
    if (frame.type === "sync") this.#sync(frame);
    else if (frame.type !== "task") {
      if (frame.type === "deleted") this.#task = null;
      this.#push(frame);
    } else if (this.isSynced && this.position) {
      const { epoch, offset } = this.position;
      if (frame.offset <= offset) return false;
      this.position = { epoch, offset: frame.offset };
      const { type: _, skipped: __, cleared = [], ...members } = frame;
      const kept: { -readonly [Name in keyof Task]?: Task[Name] } = {
        ...this.#task,
      };
      const dropped:
        (ClearedMember | "rate" | "eta" | "started_at" | "ended_at")[] = [
          "rate",
          "eta",
          ...cleared,
        ];
      if (this.#task && frame.attempt > this.#task.attempt) {
        dropped.push(
          "progress",
          "current",
          "message",
          "data",
          "started_at",
          "ended_at",
        );
      }
      for (const name of dropped) delete kept[name];
      const { timestamp: time, status } = frame;
      this.#task = {
        created_at: time,
        ...(status === "running" ? { started_at: time } : {}),
        ...(isFinal(status) ? { ended_at: time } : {}),
        ...kept,
        ...members,
        epoch,
        updated_at: time,
      };
      this.#push(frame);
    }
    return isFinal(this.#task?.status ?? "");
  }

  /** Ends all watches. */
  end(error?: TaskwireError): void {
    for (const queue of this.queues) queue.end(error);
    this.queues.clear();
  }

  #sync({ epoch, offset, recovered, task }: TaskFrame & TaskSync & {
    readonly recovered: boolean;
  }): void {
    // A recovered history with a new epoch is delivered from its first event.
    if (!recovered) this.#task = task;
    else if (this.position?.epoch !== epoch) this.#task = null;
    this.position = { epoch, offset };
    this.isSynced = true;
    if (!recovered) this.#push(this.#describe(this.position));
  }

  #describe({ epoch, offset }: { epoch: string; offset: number }): TaskSync {
    const { id: connection_id } = this;
    return { type: "sync", connection_id, epoch, offset, task: this.#task };
  }

  #push(update: TaskSync | TaskEvent | TaskNotice): void {
    for (const queue of this.queues) queue.push(update);
  }
}
