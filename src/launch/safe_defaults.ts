import { randomBytes } from "node:crypto";
import type { Config } from "../config/config.ts";
import { isLoopback } from "../connections/ip_address.ts";
import { CommandFailure } from "../terminal/failure.ts";

/** A configuration with keys; the keys generated for this run are listed. */
export interface KeyedConfig {
  readonly config: Config;
  readonly madeSecret?: string;
  readonly madeApiKey?: string;
}

/** The length in characters below which API keys can be guessed. */
const minApiKeyLength = 16;

/** Checks for an API key short enough to guess. */
export function hasShortApiKey({ apiKeys }: Pick<Config, "apiKeys">): boolean {
  return apiKeys.some((key) => key.length < minApiKeyLength);
}

/**
 * Makes a configuration safe by default (spec §3). On loopback, a missing key
 * is generated at random for this run. On any other address, a server without
 * a JWT key or with a short API key does not start.
 *
 * @throws {CommandFailure} If the server would be unsafe on a network.
 */
export function withKeys(config: Config): KeyedConfig {
  const needsSecret = config.jwtSecrets.length === 0 &&
    config.jwtPublicKey === undefined && config.jwksUrl === undefined;
  if (!isLoopback(config.host)) {
    if (hasShortApiKey(config)) {
      throw new CommandFailure(
        `refusing to listen on ${config.host} with an API key short enough to guess: use at least ${minApiKeyLength} characters for each key in TASKWIRE_API_KEYS (openssl rand -hex 16), or listen on 127.0.0.1`,
      );
    }
    if (!needsSecret) return { config };
    throw new CommandFailure(
      `refusing to listen on ${config.host}, which the network can reach, without a JWT key: set TASKWIRE_JWT_SECRET to 32 random bytes or more (openssl rand -base64 32), or TASKWIRE_JWT_PUBLIC_KEY or TASKWIRE_JWKS_URL to your issuer's keys, or listen on 127.0.0.1`,
    );
  }
  const madeSecret = needsSecret ? randomKey() : undefined;
  const madeApiKey = config.apiKeys.length === 0 ? randomKey() : undefined;
  return {
    config: Object.freeze({
      ...config,
      ...(madeSecret ? { jwtSecrets: [madeSecret] } : {}),
      ...(madeApiKey ? { apiKeys: [madeApiKey] } : {}),
    }),
    ...(madeSecret ? { madeSecret } : {}),
    ...(madeApiKey ? { madeApiKey } : {}),
  };
}

/** 256 random bits, base64url. */
function randomKey(): string {
  return randomBytes(32).toString("base64url");
}
