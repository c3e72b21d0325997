import type { Announce, Announcement } from "../../src/tasks/store.ts";
import { deadline } from "./deadline.ts";

/** What a store announces, kept and waited for. */
export class Announcements {
  readonly all: Announcement[] = [];
  #wake = () => {};

  readonly take: Announce = (announcement) => {
    this.all.push(announcement);
    this.#wake();
    return 1;
  };

  /** In short, of one task: the offset of an event, or what else it is. */
  of(taskId: string): (number | string)[] {
    return this.all.filter((announcement) =>
      taskId ===
        (announcement.kind === "event"
          ? announcement.event.connection_id
          : announcement.taskId)
    ).map((announcement) =>
      announcement.kind === "event"
        ? announcement.event.offset
        : announcement.kind
    );
  }

  /** Waits until so many have come of a task, and says which. */
  async until(
    taskId: string,
    count: number,
  ): Promise<(number | string)[]> {
    const arrived = async () => {
      while (this.of(taskId).length < count) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    await deadline(arrived(), () => `${this.of(taskId)}, not ${count}`);
    return this.of(taskId);
  }
}
