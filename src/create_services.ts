import { createApiKeyCheck } from "./auth/api_keys.ts";
import { KeySet } from "./auth/jwks.ts";
import type { KeyFile } from "./auth/keys.ts";
import { createVerifier, type KeyedVerifier } from "./auth/verifier.ts";
import { answerQuestion } from "./cluster/answer_question.ts";
import type { Config } from "./config.ts";
import type { Services } from "./services.ts";
import { BadTokens } from "./sockets/bad_tokens.ts";
import { ConnectionRegistry } from "./sockets/registry.ts";
import { type Counters, createCounters } from "./counters.ts";
import { readClientFiles } from "./http/client_files.ts";
import { readConsole } from "./http/console.ts";
import { readPage } from "./http/page.ts";
import { noSiblings, type Siblings } from "./siblings.ts";
import { Stats } from "./stats.ts";
import { meteredStore } from "./store/metered_store.ts";
import { type OpenedStore, openStore } from "./store/open_store.ts";
import type { Announce } from "./store/store.ts";
import { Hub } from "./tasks/hub.ts";

/** What a worker is given besides. */
export interface ServiceOptions {
  /** Which worker this process is. */
  readonly worker?: number;
  /** @default {noSiblings} */
  readonly siblings?: Siblings;
  /** Opens a store that is another process's. @default {the store that is configured} */
  readonly openStore?: (announce: Announce) => OpenedStore;
}

/**
 * Makes all that a configuration asks for.
 *
 * @param publicKey The file that `jwtPublicKey` names, read by the caller.
 * @throws {KeyError} When the JWT keys can't be used.
 * @throws {StoreOpenError} When the store can't be opened.
 */
export async function createServices(
  config: Config,
  publicKey?: KeyFile,
  options: ServiceOptions = {},
): Promise<Services> {
  const counters = createCounters();
  const verifier = await openVerifier(config, publicKey, counters);
  const hub = new Hub((connectionId, watchers) =>
    store.watch(connectionId, watchers)
  );
  const registry = new ConnectionRegistry();
  const stats = new Stats(() => registry.openCount);
  const announce: Announce = (announcement) => hub.announce(announcement);
  const opened = options.openStore?.(announce) ??
    await openStore(config, announce);
  const store = meteredStore(opened.store, counters, stats);
  return {
    config,
    ...(options.worker === undefined ? {} : { worker: options.worker }),
    siblings: options.siblings ?? noSiblings,
    verifier,
    jwtAlgorithms: verifier.algorithms,
    isApiKey: createApiKeyCheck(config.apiKeys),
    store,
    leases: opened.leases,
    hub,
    badTokens: new BadTokens(),
    registry,
    peers: opened.joinPeers((question) => answerQuestion(question, registry)),
    counters,
    page: await readPage(),
    clientFiles: await readClientFiles(),
    stats,
    consoleFiles: await readConsole(),
  };
}

async function openVerifier(
  config: Config,
  publicKey: KeyFile | undefined,
  counters: Counters,
): Promise<KeyedVerifier> {
  const { jwksUrl, jwtAlgorithms, jwtIssuer, jwtAudience } = config;
  return await createVerifier({
    secrets: config.jwtSecrets,
    leewaySeconds: config.jwtLeewaySeconds,
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(jwksUrl === undefined ? {} : {
      keySet: new KeySet(new URL(jwksUrl), {
        onFailure: () => counters.keySetFailures += 1,
      }),
    }),
    ...(jwtAlgorithms === undefined ? {} : { algorithms: jwtAlgorithms }),
    ...(jwtIssuer === undefined ? {} : { issuer: jwtIssuer }),
    ...(jwtAudience === undefined ? {} : { audience: jwtAudience }),
  });
}
