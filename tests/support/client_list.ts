import { assert, assertEquals, assertExists } from "@std/assert";
import type { TaskDescription } from "../../src/tasks/event.ts";
import type { Frame } from "./socket.ts";

/** A list as a client has it: the sum of the frames. */
export class ClientList {
  readonly #tasks = new Map<string, TaskDescription>();
  /** False if the last `list` said that more tasks match. */
  isComplete: boolean | undefined;

  /** The sum of the frames of a list. Fails if a frame repeats or contradicts an earlier frame. */
  static of(frames: readonly Frame[], name = "mine"): ClientList {
    const list = new ClientList();
    for (const frame of frames) {
      if (frame.list === name) list.take(frame);
    }
    return list;
  }

  /** Applies a frame, except for errors. */
  take(frame: Frame): void {
    switch (frame.type) {
      case "list":
        this.#tasks.clear();
        for (const task of frame.tasks as TaskDescription[]) {
          this.#tasks.set(task.connection_id, task);
        }
        this.isComplete = Boolean(frame.complete);
        break;
      case "list_update": {
        assertExists(this.isComplete, "list_update before list");
        const task = frame.task as TaskDescription;
        const before = this.#tasks.get(task.connection_id);
        assert(isChanged(before, task), `sent twice: ${JSON.stringify(task)}`);
        this.#tasks.set(task.connection_id, task);
        break;
      }
      case "list_remove": {
        const taskId = String(frame.connection_id);
        assert(this.#tasks.delete(taskId), `${taskId} was not in the list`);
        break;
      }
      default:
        assertEquals(frame.type, "error");
    }
  }

  /** The tasks, newest change first. */
  get tasks(): TaskDescription[] {
    return [...this.#tasks.values()].sort((one, other) =>
      one.updated_at < other.updated_at ? 1 : -1
    );
  }

  /** The ids of the tasks, newest change first. */
  get ids(): string[] {
    return this.tasks.map(({ connection_id }) => connection_id);
  }
}

function isChanged(
  before: TaskDescription | undefined,
  task: TaskDescription,
): boolean {
  return before?.epoch !== task.epoch || before.offset !== task.offset ||
    before.cancel_requested !== task.cancel_requested;
}
