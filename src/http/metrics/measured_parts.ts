import type { Config } from "../../config/config.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { Hub } from "../../watch/hub.ts";
import type { ConnectionRegistry } from "../../connections/registry.ts";

/** The parts of the server with metrics. */
export interface MeasuredParts {
  readonly config: Config;
  readonly counters: Counters;
  readonly hub: Hub;
  readonly registry: ConnectionRegistry;
  /** The number of this process: 1, 2, … */
  readonly worker: number;
}
