import type { JwtAlgorithm } from "./auth/algorithms.ts";
import type { Verifier } from "./auth/verifier.ts";
import type { Peers } from "./cluster/peers.ts";
import type { Config } from "./config/config.ts";
import type { Counters } from "./metrics/counters.ts";
import type { Registry } from "./metrics/prometheus.ts";
import type { BadTokens } from "./admission/bad_tokens.ts";
import type { ConnectionRegistry } from "./connections/registry.ts";
import type { Throughput } from "./metrics/throughput.ts";
import type { Store } from "./tasks/store.ts";
import type { Hub } from "./watch/hub.ts";
import type { Leases } from "./store/lease.ts";

/** What the endpoints and HTTP routes work with; made once, at start. */
export interface Services {
  readonly config: Config;
  /** Which of this server's processes this is: 1, 2, … */
  readonly worker: number;
  readonly verifier: Verifier;
  /** The keys at TASKWIRE_JWKS_URL, read regularly until they are disposed of. */
  readonly keySet?: Disposable;
  /** What a token may be signed with. */
  readonly jwtAlgorithms: readonly JwtAlgorithm[];
  /** Whether an API key is one of ours; takes the same time for every key. */
  readonly isApiKey: (key: string) => boolean;
  readonly store: Store;
  readonly leases: Leases;
  readonly hub: Hub;
  readonly badTokens: BadTokens;
  readonly registry: ConnectionRegistry;
  /** The other nodes. */
  readonly peers: Peers;
  /** The other workers of this server; left out where it is a single process. */
  readonly siblings?: Peers;
  readonly counters: Counters;
  /** What `/metrics` shows of this process. */
  readonly metrics: Registry;
  /** How much the process does, for the operators. */
  readonly throughput: Throughput;
}
