import type { ConnectOptions, ErrorFrame } from "./api.ts";
import type { FollowedTask } from "./followed_task.ts";
import type { Link } from "./link.ts";
import type { SessionOptions } from "./session.ts";
import type { TransportChoice } from "./transport_choice.ts";

/** The options and state common to all links of a client. */
export interface LinkContext extends SessionOptions {
  readonly options: ConnectOptions;
  readonly transports: TransportChoice;
  /** Moves all tasks of a link, except `kept`, to separate links. */
  readonly spread: (link: Link, kept: string) => void;
}

/** The end of a connection. */
export interface LinkEnd {
  readonly code: number;
  /** The task concerned, if the error concerns a single task. */
  readonly task?: FollowedTask;
  readonly error?: ErrorFrame;
}
