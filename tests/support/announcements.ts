import type {
  Announce,
  Announcement,
  TopicAnnouncement,
} from "../../src/tasks/store.ts";
import { deadline } from "./deadline.ts";

/** Keeps a store's announcements, and waits for announcements. */
export class Announcements {
  /** The announcements for watchers. */
  readonly all: Exclude<Announcement, TopicAnnouncement>[] = [];
  /** The announcements for lists. */
  readonly ofTopics: TopicAnnouncement[] = [];
  #wake = () => {};

  readonly take: Announce = (announcement) => {
    if (isOfTopic(announcement)) this.ofTopics.push(announcement);
    else this.all.push(announcement);
    this.#wake();
    return 1;
  };

  /** Lists a task's announcements for watchers in short: the offset of an event, otherwise the kind. */
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

  /** Waits for a number of announcements about a task. Returns the announcements in short. */
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

  /** Waits for a number of announcements for lists. */
  async untilTold(count: number): Promise<void> {
    const arrived = async () => {
      while (this.ofTopics.length < count) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    await deadline(
      arrived(),
      () => `${JSON.stringify(this.ofTopics)}, not ${count}`,
    );
  }
}

/** True for an announcement for lists. */
export function isOfTopic(
  announcement: Announcement,
): announcement is TopicAnnouncement {
  return announcement.kind.startsWith("topic_");
}
