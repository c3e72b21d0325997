import { createApiKeyCheck } from "./auth/api_keys.ts";
import { createVerifier } from "./auth/verifier.ts";
import type { Config } from "./config.ts";
import type { Services } from "./services.ts";
import { ConnectionRegistry } from "./sockets/registry.ts";
import { createMemoryStore } from "./store/memory_store.ts";
import { Hub } from "./tasks/hub.ts";

/** Makes all that a configuration asks for. */
export async function createServices(config: Config): Promise<Services> {
  const hub = new Hub();
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
    store: createMemoryStore({
      historyLimit: config.historyLimit,
      historyTtlMs: config.historyTtlSeconds * 1_000,
    }, hub.announce),
    hub,
    registry: new ConnectionRegistry(),
  };
}
