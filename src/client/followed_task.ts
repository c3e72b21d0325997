import type {
  TaskEvent,
  TaskNotice,
  TaskSync,
  TaskUpdate,
  TaskwireError,
} from "./api.ts";
import { foldEvent, isFinal } from "./fold_event.ts";
import type { Link } from "./link.ts";
import type { Subscription } from "./subscription.ts";
import type { UpdateQueue } from "./update_queue.ts";

/** A frame of the server about a task. */
export type TaskFrame =
  | (TaskSync & { readonly recovered: boolean })
  | TaskEvent
  | TaskNotice;

/** A watched task with the queues of all consumers. */
export class FollowedTask implements Subscription {
  readonly key: string;
  link?: Link;
  isSynced = false;
  wantsCancel = false;
  readonly #queues = new Set<UpdateQueue<TaskUpdate>>();
  /** The current state: the position from which to resume, and the first update for later consumers. */
  #state: TaskSync | undefined;

  constructor(id: string) {
    this.key = id;
  }

  get subscribe() {
    const { epoch, offset } = this.#state ?? {};
    return { type: "subscribe", connection_id: this.key, epoch, offset };
  }

  get unsubscribe() {
    return { type: "unsubscribe", connection_id: this.key };
  }

  get lastEventId() {
    return this.#state && `${this.#state.epoch}:${this.#state.offset}`;
  }

  /** Adds a consumer. The current state is the first update. */
  join(queue: UpdateQueue<TaskUpdate>): void {
    this.#queues.add(queue);
    if (this.#state) queue.push(this.#state);
  }

  /** Removes a consumer. Returns true after the last. */
  leave(queue: UpdateQueue<TaskUpdate>): boolean {
    return this.#queues.delete(queue) && this.#queues.size === 0;
  }

  /** Applies a frame. Returns true if the task has ended. */
  take(frame: TaskFrame): boolean {
    const state = this.#state;
    switch (frame.type) {
      case "sync": {
        const { recovered, ...sync } = frame;
        // A recovered history with a new epoch is delivered from its first event.
        const known = state?.epoch === sync.epoch ? state.task : null;
        this.isSynced = true;
        this.#state = {
          ...sync,
          connection_id: this.key,
          task: recovered ? known : sync.task,
        };
        if (!recovered) this.#push(this.#state);
        break;
      }
      case "task":
        if (!state || !this.isSynced || frame.offset <= state.offset) {
          return false;
        }
        this.#state = {
          ...state,
          offset: frame.offset,
          task: foldEvent(state, frame),
        };
        this.#push(frame);
        break;
      case "deleted":
        if (state) this.#state = { ...state, task: null };
        this.#push(frame);
        break;
      case "cancel_requested":
        this.wantsCancel = false;
        this.#push(frame);
    }
    return isFinal(this.#state?.task?.status);
  }

  /** Ends all watches. */
  end(error?: TaskwireError): void {
    for (const queue of this.#queues) queue.end(error);
    this.#queues.clear();
  }

  #push(update: TaskUpdate): void {
    for (const queue of this.#queues) queue.push(update);
  }
}
