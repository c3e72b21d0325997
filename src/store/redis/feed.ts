import type { StreamPosition } from "../../tasks/event.ts";

/** A watched task. */
export interface Feed {
  readonly taskId: string;
  /** The number of watchers in this process. */
  watchers: number;
  /** Settles when the subscription on the present connection has settled. */
  ready: Promise<void>;
  /** The position of the last announcement, or of a later read. */
  position: StreamPosition | undefined;
  /** Messages held back while missed events are read. */
  held: string[] | undefined;
}
