import type { ConnectOptions, ErrorFrame } from "./api.ts";
import type { FollowedTask } from "./followed_task.ts";
import type { Link } from "./link.ts";
import type { SessionOptions } from "./session.ts";
import type { TransportChoice } from "./transport_choice.ts";

/** What the links of one client have in common. */
export interface LinkContext extends SessionOptions {
  readonly options: ConnectOptions;
  readonly transports: TransportChoice;
  /** Gives the tasks of a link but one to links of their own. */
  readonly spread: (link: Link, kept: string) => void;
}

/** How a connection ended. */
export interface LinkEnd {
  readonly code: number;
  /** The task it ended for, and why, where it was for that one alone. */
  readonly task?: FollowedTask;
  readonly error?: ErrorFrame;
}
