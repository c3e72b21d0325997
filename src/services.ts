import type { JwtAlgorithm } from "./auth/algorithms.ts";
import type { Verifier } from "./auth/verifier.ts";
import type { OtherNodes } from "./cluster/other_nodes.ts";
import type { Config } from "./config/config.ts";
import type { Counters } from "./metrics/counters.ts";
import type { Registry } from "./metrics/prometheus.ts";
import type { BadTokens } from "./admission/bad_tokens.ts";
import type { ConnectionRegistry } from "./connections/registry.ts";
import type { Throughput } from "./metrics/throughput.ts";
import type { Store } from "./tasks/store.ts";
import type { Hub } from "./watch/hub.ts";
import type { Leases } from "./store/lease.ts";

/** The services used by endpoints and HTTP routes; created once, at start. */
export interface Services {
  readonly config: Config;
  /** The number of this worker: 1, 2, … */
  readonly worker: number;
  readonly verifier: Verifier;
  /** The keys at TASKWIRE_JWKS_URL, refreshed regularly until disposed of. */
  readonly keySet?: Disposable;
  /** The algorithms accepted for the signature of a token. */
  readonly jwtAlgorithms: readonly JwtAlgorithm[];
  /** Checks an API key, in the same time for every key. */
  readonly isApiKey: (key: string) => boolean;
  readonly store: Store;
  readonly leases: Leases;
  readonly hub: Hub;
  readonly badTokens: BadTokens;
  readonly registry: ConnectionRegistry;
  /** The other nodes. */
  readonly otherNodes: OtherNodes;
  /** The other workers of this server; absent for a single process. */
  readonly otherWorkers?: OtherNodes;
  readonly counters: Counters;
  /** Loads the metrics of this process for `/metrics`. */
  readonly metrics: () => Promise<Registry>;
  /** The throughput of this process, for operators. */
  readonly throughput: Throughput;
}
