import type { StreamPosition } from "../../tasks/event.ts";

/** A task that is watched in this process. */
export interface Feed {
  readonly taskId: string;
  /** How many watch it here. */
  watchers: number;
  /** Settles when the subscription has, by the connection that there is now. */
  ready: Promise<void>;
  /** The last event announced, or what was read since the subscription. */
  position: StreamPosition | undefined;
  /** What comes while something missed is made up for. */
  held: string[] | undefined;
}
