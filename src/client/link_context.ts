import type { ConnectOptions, ErrorFrame } from "./api.ts";
import type { SessionOptions } from "./session.ts";
import type { Subscription } from "./subscription.ts";
import type { TransportChoice } from "./transport_choice.ts";

/** The options and state common to all links of a client. */
export interface LinkContext extends SessionOptions {
  readonly options: ConnectOptions;
  readonly transports: TransportChoice;
  /** Adds a subscription to a link with room. */
  readonly follow: (subscription: Subscription) => void;
}

/** The end of a connection. */
export interface LinkEnd {
  readonly code: number;
  /** The subscription concerned, if the end concerns a single subscription. */
  readonly subscription?: Subscription | undefined;
  /** The reason, if not the last error of the connection. */
  readonly error?: ErrorFrame;
}
