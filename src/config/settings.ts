import * as z from "zod";
import { jwtAlgorithms } from "../auth/algorithms.ts";
import { logLevels } from "../log/log.ts";
import { canonicalOrigin } from "./origin.ts";
import { parseRedisUrl, redisUrlForm } from "../redis/address.ts";

/** A setting of the server: an environment variable and the flag of the same name. */
export interface Setting<T = unknown> {
  /** The environment variable. */
  readonly variable: string;
  /** The default for an unset variable, as text; absent if there is no default. */
  readonly fallback?: string;
  /** The meaning, for `--help` and `taskwire print env`. */
  readonly description: string;
  /** The form of a valid value, for error messages. */
  readonly expects: string;
  /** True if the value must not be shown. */
  readonly isSecret?: boolean;
  /** Parses the variable's text to the value in {@linkcode Config}. */
  readonly schema: z.ZodType<T, string>;
}

/** HMAC keys shorter than the hash are weak (RFC 7518 §3.2). */
const minSecretBytes = 32;

/** The largest timeout, in seconds: the limit of timers (2^31 − 1 ms). */
const maxTimeoutSeconds = 2_147_483;

const list = z.string().transform((text) =>
  text.split(",").map((item) => item.trim()).filter((item) => item !== "")
);

function whole(min: number, max: number) {
  return {
    expects: `a whole number from ${min} to ${max}`,
    schema: z.string().regex(/^\d{1,15}$/).transform(Number)
      .refine((value) => value >= min && value <= max),
  };
}

function isKeySetUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ["http:", "https:"].includes(protocol) && !username && !password;
}

/** Every setting, by its name in {@linkcode Config} (spec §3). */
export const settings = {
  host: {
    variable: "TASKWIRE_HOST",
    fallback: "127.0.0.1",
    description: "address to listen on",
    expects: "a host name or an IP address",
    schema: z.string().regex(/^[^\s/]+$/),
  },
  port: {
    variable: "TASKWIRE_PORT",
    fallback: "8000",
    description: "port to listen on; 0 picks a free port",
    ...whole(0, 65_535),
  },
  workers: {
    variable: "TASKWIRE_WORKERS",
    fallback: "1",
    description:
      "number of processes that share the port; auto for one per CPU core. More than 1 only on Linux",
    expects: "auto or a whole number from 1 to 256",
    schema: z.union([
      z.literal("auto"),
      whole(1, 256).schema,
    ]),
  },
  jwtSecrets: {
    variable: "TASKWIRE_JWT_SECRET",
    description:
      "shared secret for signed tokens (HS256, HS384, HS512); several, comma-separated, during a rotation",
    expects:
      `secrets of ${minSecretBytes} bytes or more, comma-separated, and no PEM (for a public key, set TASKWIRE_JWT_PUBLIC_KEY)`,
    isSecret: true,
    schema: list.refine((secrets) =>
      secrets.length > 0 &&
      secrets.every((secret) =>
        new TextEncoder().encode(secret).length >= minSecretBytes &&
        !secret.includes("-----BEGIN")
      )
    ),
  },
  jwtPublicKey: {
    variable: "TASKWIRE_JWT_PUBLIC_KEY",
    description:
      "file with the public key for verifying tokens: a PEM, a JWK or a JWK Set (RS, PS, ES)",
    expects: "the path of a file, and not the key itself",
    schema: z.string().regex(/^(?!-----BEGIN|\{)/),
  },
  jwksUrl: {
    variable: "TASKWIRE_JWKS_URL",
    description: "URL of the key set (JWKS) for verifying tokens",
    expects: "a URL that begins with https:// or http://, without a password",
    schema: z.string().refine(isKeySetUrl),
  },
  jwtAlgorithms: {
    variable: "TASKWIRE_JWT_ALGORITHMS",
    description:
      "algorithms allowed for tokens, comma-separated; by default all algorithms of the keys",
    expects: `one or more of ${jwtAlgorithms.join(", ")}`,
    schema: list.pipe(z.array(z.enum(jwtAlgorithms)).min(1)),
  },
  jwtIssuer: {
    variable: "TASKWIRE_JWT_ISSUER",
    description: "required 'iss' of a token",
    expects: "a text",
    schema: z.string(),
  },
  jwtAudience: {
    variable: "TASKWIRE_JWT_AUDIENCE",
    description: "audience required in a token's 'aud'",
    expects: "a text",
    schema: z.string(),
  },
  jwtLeewaySeconds: {
    variable: "TASKWIRE_JWT_LEEWAY",
    fallback: "5",
    description: "clock skew allowed for 'exp' and 'nbf', in seconds",
    ...whole(0, 3_600),
  },
  auth: {
    variable: "TASKWIRE_AUTH",
    fallback: "optional",
    description:
      "optional lets guests watch tasks; required rejects clients without a valid token",
    expects: "optional or required",
    schema: z.enum(["optional", "required"]),
  },
  guestUserId: {
    variable: "TASKWIRE_GUEST_USER_ID",
    fallback: "1",
    description: "user id of all unauthenticated clients",
    expects: "a text",
    schema: z.string(),
  },
  apiKeys: {
    variable: "TASKWIRE_API_KEYS",
    description:
      "keys for publishing, comma-separated, each of 16 characters or more",
    expects: "keys without white space, comma-separated",
    isSecret: true,
    schema: list.refine((keys) =>
      keys.length > 0 && keys.every((key) => /^\S+$/.test(key))
    ),
  },
  origins: {
    variable: "TASKWIRE_ORIGINS",
    description:
      "origins whose pages may connect, comma-separated, or *; by default the server's own origin, and on loopback all loopback origins",
    expects:
      "origins such as https://app.example.com, capacitor://localhost or null, comma-separated, or *",
    schema: list.refine((origins) =>
      origins.length > 0 &&
      origins.every((origin) =>
        origin === "*" || canonicalOrigin(origin) !== undefined
      )
    ).transform((origins) =>
      origins.map((origin) => canonicalOrigin(origin) ?? origin)
    ),
  },
  store: {
    variable: "TASKWIRE_STORE",
    fallback: "sqlite:taskwire.db",
    description:
      "store for tasks: sqlite:PATH for a file, memory: for main memory only (lost at a stop), redis://HOST for Redis, shared by several servers",
    expects: `sqlite:PATH, memory: or ${redisUrlForm}`,
    schema: z.string().refine((text) =>
      /^(?:memory:|sqlite:.+)$/.test(text) || parseRedisUrl(text) !== undefined
    ),
  },
  redisPrefix: {
    variable: "TASKWIRE_REDIS_PREFIX",
    fallback: "taskwire:",
    description: "prefix of all keys and channels in Redis",
    expects: "a text without white space and braces",
    schema: z.string().regex(/^[^\s{}]+$/),
  },
  sqliteSync: {
    variable: "TASKWIRE_SQLITE_SYNC",
    fallback: "FULL",
    description:
      "durability of acknowledged events in sqlite: FULL survives a power cut, NORMAL a killed process",
    expects: "NORMAL or FULL",
    schema: z.enum(["NORMAL", "FULL"]),
  },
  historyLimit: {
    variable: "TASKWIRE_HISTORY_LIMIT",
    fallback: "1000",
    description: "number of events kept for each task",
    ...whole(1, 1_000_000_000),
  },
  historyTtlSeconds: {
    variable: "TASKWIRE_HISTORY_TTL",
    fallback: "86400",
    description: "time until a task expires after its last event, in seconds",
    ...whole(1, 3_153_600_000),
  },
  maxMessageBytes: {
    variable: "TASKWIRE_MAX_MESSAGE_BYTES",
    fallback: "65536",
    description: "largest message accepted from a client, in bytes",
    ...whole(1, 67_108_864),
  },
  maxBufferedBytes: {
    variable: "TASKWIRE_MAX_BUFFERED_BYTES",
    fallback: "1048576",
    description:
      "largest amount of unsent data buffered for a socket, in bytes",
    ...whole(1_024, 1_073_741_824),
  },
  maxConnections: {
    variable: "TASKWIRE_MAX_CONNECTIONS",
    fallback: "100000",
    description: "maximum number of sockets; 0 for no limit",
    ...whole(0, 1_000_000_000),
  },
  maxConnectionsPerIp: {
    variable: "TASKWIRE_MAX_CONNECTIONS_PER_IP",
    fallback: "0",
    description:
      "maximum number of sockets per address (per /64 for IPv6); 0 for no limit",
    ...whole(0, 1_000_000_000),
  },
  maxConnectionsPerUser: {
    variable: "TASKWIRE_MAX_CONNECTIONS_PER_USER",
    fallback: "0",
    description:
      "maximum number of sockets per authenticated user; 0 for no limit",
    ...whole(0, 1_000_000_000),
  },
  messageRate: {
    variable: "TASKWIRE_MESSAGE_RATE",
    fallback: "50",
    description:
      "messages per second allowed for a client, with bursts of twice this number; 0 for no limit",
    ...whole(0, 1_000_000),
  },
  idleTimeoutSeconds: {
    variable: "TASKWIRE_IDLE_TIMEOUT",
    fallback: "30",
    description:
      "seconds of silence before a client is disconnected, with a ping after half the time; 0 for never",
    ...whole(0, maxTimeoutSeconds),
  },
  drainTimeoutSeconds: {
    variable: "TASKWIRE_DRAIN_TIMEOUT",
    fallback: "10",
    description: "time limit for a stop, in seconds",
    ...whole(0, maxTimeoutSeconds),
  },
  maxMemoryBytes: {
    variable: "TASKWIRE_MAX_MEMORY_BYTES",
    fallback: "0",
    description:
      "limit of resident memory, in bytes; above the limit, the server drains and exits with 75 for a restart; 0 for no limit",
    ...whole(0, 1_099_511_627_776),
  },
  trustProxy: {
    variable: "TASKWIRE_TRUST_PROXY",
    fallback: "0",
    description:
      "number of trusted proxies in front of the server, whose X-Forwarded-For entries count, from the right; 0 for none",
    ...whole(0, 100),
  },
  log: {
    variable: "TASKWIRE_LOG",
    fallback: "info",
    description: "minimum log level",
    expects: `one of ${logLevels.join(", ")}`,
    schema: z.enum(logLevels),
  },
  connectedMessage: {
    variable: "TASKWIRE_CONNECTED_MESSAGE",
    fallback: "WebSocket连接成功",
    description: "message of the connected frame",
    expects: "a text",
    schema: z.string(),
  },
} satisfies Record<string, Setting>;

/** A setting's name in {@linkcode Config}. */
export type SettingName = keyof typeof settings;

/** Settings of the commands that talk to a server, unused by the server. */
export const clientSettings = {
  url: {
    variable: "TASKWIRE_URL",
    description:
      "address of the server for commands; by default built from host and port",
    expects: "an address such as http://127.0.0.1:8000",
    schema: z.string()
      .transform((text) => URL.parse(text.replace(/^ws(s?):/i, "http$1:")))
      .refine((url) => url !== null && /^https?:$/.test(url.protocol))
      .transform((url) => url as URL),
  },
  token: {
    variable: "TASKWIRE_TOKEN",
    description: "JWT of the watching user",
    expects: "a JWT, as printed by 'taskwire token'",
    isSecret: true,
    schema: z.string().regex(/^[\w.~+/=-]+$/),
  },
} satisfies Record<string, Setting>;

/** The settings of the server and of the commands. */
export const allSettings = { ...settings, ...clientSettings };

/** The name of a setting of the server or of the commands. */
export type AnySettingName = keyof typeof allSettings;

/** The flag of a setting: `TASKWIRE_MAX_MESSAGE_BYTES` is `--max-message-bytes`. */
export function flagOf({ variable }: Pick<Setting, "variable">): string {
  return "--" +
    variable.replace("TASKWIRE_", "").toLowerCase().replaceAll("_", "-");
}
