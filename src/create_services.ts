import { makeOnce } from "./async/make_once.ts";
import { createApiKeyCheck } from "./auth/api_keys.ts";
import { KeySet } from "./auth/jwks.ts";
import type { KeyFile } from "./auth/keys.ts";
import { createVerifier, type KeyedVerifier } from "./auth/verifier.ts";
import { answerQuestion } from "./connections/answer_question.ts";
import type { OtherNodes } from "./cluster/other_nodes.ts";
import type { Config } from "./config/config.ts";
import type { Services } from "./services.ts";
import { BadTokens } from "./admission/bad_tokens.ts";
import { ConnectionRegistry } from "./connections/registry.ts";
import { createCounters } from "./metrics/counters.ts";
import { Throughput } from "./metrics/throughput.ts";
import { meteredStore } from "./store/metered_store.ts";
import { openStore } from "./open_store.ts";
import type { LeasedStore } from "./store/lease.ts";
import type { Announce } from "./tasks/store.ts";
import { Hub } from "./watch/hub.ts";

/** The parts shared by the workers of a server, used instead of own parts. */
export interface SharedParts {
  readonly openStore: (announce: Announce) => LeasedStore;
  readonly otherNodes: OtherNodes;
}

/** The options of a worker. */
export interface ServiceOptions {
  /** The number of this worker. @default {1} */
  readonly worker?: number;
  /** @default {a store of this process, and no other nodes} */
  readonly shared?: SharedParts;
  /** The other workers. @default {this process is the only one} */
  readonly otherWorkers?: OtherNodes;
}

/**
 * Creates all services of a configuration.
 *
 * @param publicKey The content of the file at `jwtPublicKey`.
 * @throws {KeyError} If the JWT keys can't be used.
 * @throws {StoreOpenError} If the store can't be opened.
 */
export async function createServices(
  config: Config,
  publicKey?: KeyFile,
  { worker = 1, shared, otherWorkers }: ServiceOptions = {},
): Promise<Services> {
  const counters = createCounters();
  const keySet = config.jwksUrl === undefined
    ? undefined
    : new KeySet(new URL(config.jwksUrl), {
      onFailure: () => counters.keySetFailures += 1,
    });
  const verifier = await openVerifier(config, publicKey, keySet);
  const hub = new Hub(
    (taskId, watchers, listeners) => store.watch(taskId, watchers, listeners),
    {
      onTopic: (topic, isFollowed) => store.follow(topic, isFollowed),
      historyTtlMs: config.historyTtlSeconds * 1_000,
    },
  );
  const registry = new ConnectionRegistry();
  const throughput = new Throughput(() => registry.openCount);
  const announce: Announce = (announcement) => hub.announce(announcement);
  const opened = shared
    ? { ...shared.openStore(announce), joinNodes: () => shared.otherNodes }
    : await openStore(config, announce);
  const store = meteredStore(opened.store, counters, throughput);
  // The metrics take a while to load, and are read only at a scrape.
  const metrics = makeOnce(async () => {
    const { createMetrics } = await import("./http/metrics/create_metrics.ts");
    return createMetrics(
      { config, counters, hub, registry, worker },
      otherWorkers !== undefined,
    );
  });
  const node = { metrics, registry, throughput, worker };
  return {
    config,
    worker,
    verifier,
    ...(keySet ? { keySet } : {}),
    jwtAlgorithms: verifier.algorithms,
    isApiKey: createApiKeyCheck(config.apiKeys),
    store,
    leases: opened.leases,
    hub,
    badTokens: new BadTokens(),
    registry,
    otherNodes: opened.joinNodes((question) => answerQuestion(question, node)),
    ...(otherWorkers ? { otherWorkers } : {}),
    counters,
    metrics,
    throughput,
  };
}

async function openVerifier(
  config: Config,
  publicKey: KeyFile | undefined,
  keySet: KeySet | undefined,
): Promise<KeyedVerifier> {
  const { jwtAlgorithms, jwtIssuer, jwtAudience } = config;
  return await createVerifier({
    secrets: config.jwtSecrets,
    leewaySeconds: config.jwtLeewaySeconds,
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(keySet === undefined ? {} : { keySet }),
    ...(jwtAlgorithms === undefined ? {} : { algorithms: jwtAlgorithms }),
    ...(jwtIssuer === undefined ? {} : { issuer: jwtIssuer }),
    ...(jwtAudience === undefined ? {} : { audience: jwtAudience }),
  });
}
