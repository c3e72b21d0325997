import type { ConnectOptions } from "./api.ts";
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
