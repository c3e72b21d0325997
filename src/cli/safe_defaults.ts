import { randomBytes } from "node:crypto";
import type { Config } from "../config/config.ts";
import { isLoopback } from "../connections/ip_address.ts";
import { CommandFailure } from "./failure.ts";

/** A configuration with keys, and which of them were made up for this run. */
export interface KeyedConfig {
  readonly config: Config;
  readonly madeSecret?: string;
  readonly madeApiKey?: string;
}

/** Shorter API keys can be guessed, in characters. */
const minApiKeyLength = 16;

/** Decides whether an API key is short enough to be guessed. */
export function hasShortApiKey({ apiKeys }: Pick<Config, "apiKeys">): boolean {
  return apiKeys.some((key) => key.length < minApiKeyLength);
}

/**
 * Safe by default (spec §3): on loopback a missing key is made at random for
 * this run; elsewhere a server without a JWT key, or with an API key that can be
 * guessed, doesn't start.
 *
 * @throws {CommandFailure} For a server that the network could reach.
 */
export function withKeys(config: Config): KeyedConfig {
  const needsSecret = config.jwtSecrets.length === 0 &&
    config.jwtPublicKey === undefined && config.jwksUrl === undefined;
  if (!isLoopback(config.host)) {
    if (hasShortApiKey(config)) {
      throw new CommandFailure(
        `refusing to listen on ${config.host} with an API key that can be guessed: give each key of TASKWIRE_API_KEYS ${minApiKeyLength} characters or more (openssl rand -hex 16), or listen on 127.0.0.1`,
      );
    }
    if (!needsSecret) return { config };
    throw new CommandFailure(
      `refusing to listen on ${config.host} without a JWT key, where others can reach it: set TASKWIRE_JWT_SECRET to 32 random bytes or more (openssl rand -base64 32), or TASKWIRE_JWT_PUBLIC_KEY or TASKWIRE_JWKS_URL to your issuer's keys, or listen on 127.0.0.1`,
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
