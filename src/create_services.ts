import { createApiKeyCheck } from "./auth/api_keys.ts";
import { createVerifier } from "./auth/verifier.ts";
import type { Config } from "./config.ts";
import type { Services } from "./services.ts";
import { BadTokens } from "./sockets/bad_tokens.ts";
import { ConnectionRegistry } from "./sockets/registry.ts";
import { createCounters } from "./counters.ts";
import { readPage } from "./http/page.ts";
import { openStore } from "./store/open_store.ts";
import { Hub } from "./tasks/hub.ts";
import { LeaseKeeper } from "./tasks/lease.ts";

/**
 * Makes all that a configuration asks for.
 *
 * @throws {StoreOpenError} When the store can't be opened.
 */
export async function createServices(config: Config): Promise<Services> {
  const hub = new Hub();
  const leases = new LeaseKeeper();
  const store = openStore(config, (announcement) => {
    leases.note(announcement);
    return hub.announce(announcement);
  });
  const { jwtIssuer, jwtAudience } = config;
  return {
    config,
    verifier: await createVerifier({
      secrets: config.jwtSecrets,
      algorithms: config.jwtAlgorithms,
      leewaySeconds: config.jwtLeewaySeconds,
      ...(jwtIssuer === undefined ? {} : { issuer: jwtIssuer }),
      ...(jwtAudience === undefined ? {} : { audience: jwtAudience }),
    }),
    isApiKey: createApiKeyCheck(config.apiKeys),
    store,
    leases,
    hub,
    badTokens: new BadTokens(),
    registry: new ConnectionRegistry(),
    counters: createCounters(),
    page: await readPage(),
  };
}
