import type { ListQuery, TaskwireError } from "./api.ts";
import type { Link } from "./link.ts";
import type { Frame } from "./session.ts";

/** A followed task or list, with its place in the protocol. */
export interface Subscription {
  /**
   * Identifies the subscription among the frames of a socket: the id of a task,
   * or the number of a list, which no id equals.
   */
  readonly key: string | number;
  /** Asks for the state and the later changes. */
  readonly subscribe: Frame;
  readonly unsubscribe: Frame;
  /** The query of a list. */
  readonly query?: ListQuery;
  /** The position at which an event stream resumes a task. */
  readonly lastEventId?: string | undefined;
  /** The link that follows, or has followed, the subscription. */
  link?: Link;
  /** True once the current connection has delivered the state. */
  isSynced: boolean;
  /** True from a request to cancel the task until the answer. */
  wantsCancel?: boolean;
  /** Applies a frame. Returns true if the task has ended. */
  take(frame: Frame): boolean;
  /** Ends all consumers. */
  end(error?: TaskwireError): void;
}
