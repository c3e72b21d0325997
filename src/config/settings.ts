import { z } from "zod";
import { jwtAlgorithms } from "../auth/algorithms.ts";
import { logLevels } from "../log/log.ts";
import { canonicalOrigin } from "./origin.ts";
import { parseRedisUrl, redisUrlForm } from "../redis/address.ts";

/** One setting of the server: an environment variable and the flag of the same name. */
export interface Setting<T = unknown> {
  /** The environment variable. */
  readonly variable: string;
  /** The text that stands for an unset variable; absent where there is no default. */
  readonly fallback?: string;
  /** What it does, for `--help` and `taskwire print env`. */
  readonly description: string;
  /** What a good value is, for the error about a bad one. */
  readonly expects: string;
  /** Whether the value must not be shown. */
  readonly isSecret?: boolean;
  /** From the variable's text to the value in {@linkcode Config}. */
  readonly schema: z.ZodType<T, string>;
}

/** HMAC keys shorter than the hash are weak (RFC 7518 §3.2). */
const minSecretBytes = 32;

/** The largest timeout, in seconds: what a timer can hold (2^31 − 1 ms). */
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
    description: "port to listen on; 0 picks a free one",
    ...whole(0, 65_535),
  },
  workers: {
    variable: "TASKWIRE_WORKERS",
    fallback: "1",
    description:
      "processes that serve the port together; auto for one a core. More than 1 only on Linux",
    expects: "auto or a whole number from 1 to 256",
    schema: z.union([
      z.literal("auto"),
      whole(1, 256).schema,
    ]),
  },
  jwtSecrets: {
    variable: "TASKWIRE_JWT_SECRET",
    description:
      "shared secret that tokens are signed with (HS256, HS384, HS512); several, comma-separated, during a rotation",
    expects:
      `${minSecretBytes} bytes or more each (a comma separates two), and no PEM (that is a public key, not a secret)`,
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
      "file with the public key that tokens are verified with: a PEM, a JWK or a JWK Set (RS, PS, ES)",
    expects: "the path of a file, and not the key itself",
    schema: z.string().regex(/^(?!-----BEGIN|\{)/),
  },
  jwksUrl: {
    variable: "TASKWIRE_JWKS_URL",
    description: "address of the key set (JWKS) that tokens are verified with",
    expects: "a URL that begins with https:// or http://, without a password",
    schema: z.string().refine(isKeySetUrl),
  },
  jwtAlgorithms: {
    variable: "TASKWIRE_JWT_ALGORITHMS",
    description:
      "algorithms that a token may be signed with, comma-separated; by default those of the keys",
    expects: `one or more of ${jwtAlgorithms.join(", ")}`,
    schema: list.pipe(z.array(z.enum(jwtAlgorithms)).min(1)),
  },
  jwtIssuer: {
    variable: "TASKWIRE_JWT_ISSUER",
    description: "the 'iss' that a token must have",
    expects: "a text",
    schema: z.string(),
  },
  jwtAudience: {
    variable: "TASKWIRE_JWT_AUDIENCE",
    description: "the audience that a token's 'aud' must name",
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
    description: "whether guests may watch",
    expects: "optional or required",
    schema: z.enum(["optional", "required"]),
  },
  guestUserId: {
    variable: "TASKWIRE_GUEST_USER_ID",
    fallback: "1",
    description: "the user id of everyone who is not authenticated",
    expects: "a text",
    schema: z.string(),
  },
  apiKeys: {
    variable: "TASKWIRE_API_KEYS",
    description:
      "keys for publishing, comma-separated, of 16 characters or more",
    expects: "keys without white space, comma-separated",
    isSecret: true,
    schema: list.refine((keys) =>
      keys.length > 0 && keys.every((key) => /^\S+$/.test(key))
    ),
  },
  origins: {
    variable: "TASKWIRE_ORIGINS",
    description:
      "origins whose pages may connect, comma-separated, or *; by default the server's own, on loopback all of loopback",
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
      "where tasks are kept: sqlite:PATH for a file, memory: for nowhere, redis://HOST for Redis, which many servers may share",
    expects: `sqlite:PATH, memory: or ${redisUrlForm}`,
    schema: z.string().refine((text) =>
      /^(?:memory:|sqlite:.+)$/.test(text) || parseRedisUrl(text) !== undefined
    ),
  },
  redisPrefix: {
    variable: "TASKWIRE_REDIS_PREFIX",
    fallback: "taskwire:",
    description: "what the names of all keys and channels in Redis begin with",
    expects: "a text without white space and braces",
    schema: z.string().regex(/^[^\s{}]+$/),
  },
  sqliteSync: {
    variable: "TASKWIRE_SQLITE_SYNC",
    fallback: "NORMAL",
    description:
      "what an acknowledged event in sqlite: survives: NORMAL a killed process, FULL a power cut too",
    expects: "NORMAL or FULL",
    schema: z.enum(["NORMAL", "FULL"]),
  },
  historyLimit: {
    variable: "TASKWIRE_HISTORY_LIMIT",
    fallback: "1000",
    description: "events kept of each task",
    ...whole(1, 1_000_000_000),
  },
  historyTtlSeconds: {
    variable: "TASKWIRE_HISTORY_TTL",
    fallback: "86400",
    description: "how long a task outlives its last event, in seconds",
    ...whole(1, 3_153_600_000),
  },
  maxMessageBytes: {
    variable: "TASKWIRE_MAX_MESSAGE_BYTES",
    fallback: "65536",
    description: "the largest message a client may send, in bytes",
    ...whole(1, 67_108_864),
  },
  maxBufferedBytes: {
    variable: "TASKWIRE_MAX_BUFFERED_BYTES",
    fallback: "1048576",
    description: "what may wait to be sent to a socket, in bytes",
    ...whole(1_024, 1_073_741_824),
  },
  maxConnections: {
    variable: "TASKWIRE_MAX_CONNECTIONS",
    fallback: "100000",
    description: "the most sockets; 0 for no limit",
    ...whole(0, 1_000_000_000),
  },
  maxConnectionsPerIp: {
    variable: "TASKWIRE_MAX_CONNECTIONS_PER_IP",
    fallback: "0",
    description:
      "the most sockets of one address (of IPv6, one /64); 0 for no limit",
    ...whole(0, 1_000_000_000),
  },
  maxConnectionsPerUser: {
    variable: "TASKWIRE_MAX_CONNECTIONS_PER_USER",
    fallback: "0",
    description: "the most sockets of one authenticated user; 0 for no limit",
    ...whole(0, 1_000_000_000),
  },
  messageRate: {
    variable: "TASKWIRE_MESSAGE_RATE",
    fallback: "50",
    description:
      "messages a client may send a second, with bursts of twice that; 0 for no limit",
    ...whole(0, 1_000_000),
  },
  idleTimeoutSeconds: {
    variable: "TASKWIRE_IDLE_TIMEOUT",
    fallback: "30",
    description:
      "seconds without a word from a client before it is closed; half of it before it is pinged; 0 for never",
    ...whole(0, maxTimeoutSeconds),
  },
  drainTimeoutSeconds: {
    variable: "TASKWIRE_DRAIN_TIMEOUT",
    fallback: "10",
    description: "seconds that a stop may take",
    ...whole(0, maxTimeoutSeconds),
  },
  maxMemoryBytes: {
    variable: "TASKWIRE_MAX_MEMORY_BYTES",
    fallback: "0",
    description:
      "resident memory, in bytes, beyond which the server drains and exits with 75, to be started again; 0 for no bound",
    ...whole(0, 1_099_511_627_776),
  },
  trustProxy: {
    variable: "TASKWIRE_TRUST_PROXY",
    fallback: "0",
    description:
      "how many proxies stand before the server, whose X-Forwarded-For entries count, from the right; 0 for none",
    ...whole(0, 100),
  },
  log: {
    variable: "TASKWIRE_LOG",
    fallback: "info",
    description: "the least important line to log",
    expects: `one of ${logLevels.join(", ")}`,
    schema: z.enum(logLevels),
  },
  connectedMessage: {
    variable: "TASKWIRE_CONNECTED_MESSAGE",
    fallback: "WebSocket连接成功",
    description: "the message of the connected frame",
    expects: "a text",
    schema: z.string(),
  },
} satisfies Record<string, Setting>;

/** A setting's name in {@linkcode Config}. */
export type SettingName = keyof typeof settings;

/** Settings of the commands that talk to a server. The server does not use them. */
export const clientSettings = {
  url: {
    variable: "TASKWIRE_URL",
    description:
      "address of the server that commands talk to; by default made of host and port",
    expects: "an address such as http://127.0.0.1:8000",
    schema: z.string()
      .transform((text) => URL.parse(text.replace(/^ws(s?):/i, "http$1:")))
      .refine((url) => url !== null && /^https?:$/.test(url.protocol))
      .transform((url) => url as URL),
  },
  token: {
    variable: "TASKWIRE_TOKEN",
    description: "JWT of the user who watches",
    expects: "a JWT, as 'taskwire token' prints it",
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
