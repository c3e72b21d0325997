import { assertEquals } from "@std/assert";
import {
  flagOf,
  type Setting,
  type SettingName,
  settings,
} from "../../src/config/settings.ts";

/** Spec §3. */
const names: Record<SettingName, [variable: string, flag: string]> = {
  host: ["TASKWIRE_HOST", "--host"],
  port: ["TASKWIRE_PORT", "--port"],
  workers: ["TASKWIRE_WORKERS", "--workers"],
  jwtSecrets: ["TASKWIRE_JWT_SECRET", "--jwt-secret"],
  jwtPublicKey: ["TASKWIRE_JWT_PUBLIC_KEY", "--jwt-public-key"],
  jwksUrl: ["TASKWIRE_JWKS_URL", "--jwks-url"],
  jwtAlgorithms: ["TASKWIRE_JWT_ALGORITHMS", "--jwt-algorithms"],
  jwtIssuer: ["TASKWIRE_JWT_ISSUER", "--jwt-issuer"],
  jwtAudience: ["TASKWIRE_JWT_AUDIENCE", "--jwt-audience"],
  jwtLeewaySeconds: ["TASKWIRE_JWT_LEEWAY", "--jwt-leeway"],
  auth: ["TASKWIRE_AUTH", "--auth"],
  guestUserId: ["TASKWIRE_GUEST_USER_ID", "--guest-user-id"],
  apiKeys: ["TASKWIRE_API_KEYS", "--api-keys"],
  origins: ["TASKWIRE_ORIGINS", "--origins"],
  store: ["TASKWIRE_STORE", "--store"],
  redisPrefix: ["TASKWIRE_REDIS_PREFIX", "--redis-prefix"],
  sqliteSync: ["TASKWIRE_SQLITE_SYNC", "--sqlite-sync"],
  historyLimit: ["TASKWIRE_HISTORY_LIMIT", "--history-limit"],
  historyTtlSeconds: ["TASKWIRE_HISTORY_TTL", "--history-ttl"],
  maxMessageBytes: ["TASKWIRE_MAX_MESSAGE_BYTES", "--max-message-bytes"],
  maxBufferedBytes: ["TASKWIRE_MAX_BUFFERED_BYTES", "--max-buffered-bytes"],
  maxConnections: ["TASKWIRE_MAX_CONNECTIONS", "--max-connections"],
  maxConnectionsPerIp: [
    "TASKWIRE_MAX_CONNECTIONS_PER_IP",
    "--max-connections-per-ip",
  ],
  maxConnectionsPerUser: [
    "TASKWIRE_MAX_CONNECTIONS_PER_USER",
    "--max-connections-per-user",
  ],
  messageRate: ["TASKWIRE_MESSAGE_RATE", "--message-rate"],
  idleTimeoutSeconds: ["TASKWIRE_IDLE_TIMEOUT", "--idle-timeout"],
  drainTimeoutSeconds: ["TASKWIRE_DRAIN_TIMEOUT", "--drain-timeout"],
  maxMemoryBytes: ["TASKWIRE_MAX_MEMORY_BYTES", "--max-memory-bytes"],
  trustProxy: ["TASKWIRE_TRUST_PROXY", "--trust-proxy"],
  log: ["TASKWIRE_LOG", "--log"],
  connectedMessage: ["TASKWIRE_CONNECTED_MESSAGE", "--connected-message"],
};

Deno.test("settings have the spec's variables, and flags of the same names", () => {
  assertEquals(
    Object.entries(settings).map(([name, setting]) => [
      name,
      [setting.variable, flagOf(setting)],
    ]),
    Object.entries(names),
  );
});

const isGood = (setting: Setting, text: string) =>
  setting.schema.safeParse(text).success;

const maxTimeoutSeconds = 2_147_483; // the limit of a timer: 2^31 - 1 ms

const bounds: [name: SettingName, min: number, max: number][] = [
  ["port", 0, 65_535],
  ["jwtLeewaySeconds", 0, 3_600],
  ["historyLimit", 1, 1_000_000_000],
  ["historyTtlSeconds", 1, 3_153_600_000],
  ["maxMessageBytes", 1, 67_108_864],
  ["maxBufferedBytes", 1_024, 1_073_741_824],
  ["maxConnections", 0, 1_000_000_000],
  ["maxConnectionsPerIp", 0, 1_000_000_000],
  ["maxConnectionsPerUser", 0, 1_000_000_000],
  ["maxMemoryBytes", 0, 1_099_511_627_776],
  ["trustProxy", 0, 100],
  ["messageRate", 0, 1_000_000],
  ["idleTimeoutSeconds", 0, maxTimeoutSeconds],
  ["drainTimeoutSeconds", 0, maxTimeoutSeconds],
];

for (const [name, min, max] of bounds) {
  Deno.test(`settings.${name} accepts whole numbers from ${min} to ${max}`, () => {
    const setting: Setting = settings[name];
    for (const value of [min, min + 1, max]) {
      assertEquals(setting.schema.parse(String(value)), value);
    }
    const others = ["1.5", "1e3", "0x10", " 1024", "1024 ", "1_024", "1,024"];
    others.push("+1024", "one", "NaN", "Infinity", "١٠٢٤", "9".repeat(400));
    for (const text of [...others, String(min - 1), String(max + 1)]) {
      assertEquals(isGood(setting, text), false, text);
    }
  });
}

const secret = "x".repeat(32);
const umlauts = "ü".repeat(16); // 32 bytes
const pem = `-----BEGIN PUBLIC KEY-----${secret}`;

const values: [
  name: SettingName,
  good: Record<string, unknown>,
  bad: readonly string[],
][] = [
  ["host", {
    "0.0.0.0": "0.0.0.0",
    "::1": "::1",
    "wire.internal": "wire.internal",
  }, ["http://a", "a b", "a/b", "a\n"]],
  ["jwtSecrets", {
    [secret]: [secret],
    [`${secret}, ${umlauts}`]: [secret, umlauts],
  }, ["x".repeat(31), "ü".repeat(15), `${secret},short`, ",", pem]],
  ["jwtAlgorithms", {
    "HS256": ["HS256"],
    "HS512, RS384": ["HS512", "RS384"],
    "PS256,ES384": ["PS256", "ES384"],
  }, ["none", "hs256", "HS256,none", "ES512", "EdDSA", ","]],
  ["jwtPublicKey", { "/etc/key.pem": "/etc/key.pem" }, [
    "-----BEGIN PUBLIC KEY-----",
    '{"kty":"RSA"}',
  ]],
  ["jwksUrl", {
    "https://id.example/jwks?a=b": "https://id.example/jwks?a=b",
    "http://127.0.0.1:1": "http://127.0.0.1:1",
  }, [
    "id.example/jwks",
    "file:///etc/jwks.json",
    "data:,{}",
    "https://user:pass@id.example/jwks",
  ]],
  ["jwtIssuer", { "https://id.example/, ": "https://id.example/, " }, []],
  ["jwtAudience", { "wire, too": "wire, too" }, []],
  ["auth", { "optional": "optional", "required": "required" }, [
    "Required",
    "none",
    "true",
  ]],
  ["guestUserId", { "0": "0", "guest": "guest" }, []],
  ["apiKeys", { "k": ["k"], " k1 ,k2,": ["k1", "k2"] }, ["k 1", "a,k 2", ","]],
  ["origins", {
    "*": ["*"],
    "https://a.example, http://[::1]:3000": [
      "https://a.example",
      "http://[::1]:3000",
    ],
    "https://A.example:443": ["https://a.example"],
    "capacitor://localhost, chrome-extension://abc,null": [
      "capacitor://localhost",
      "chrome-extension://abc",
      "null",
    ],
  }, [
    "a.example",
    "https://a.example/",
    "https://*.example",
    ",",
  ]],
  ["store", {
    "memory:": "memory:",
    "sqlite:/var/lib/a.db": "sqlite:/var/lib/a.db",
    "redis://a": "redis://a",
    "rediss://u:p@a:1/2": "rediss://u:p@a:1/2",
    "redis://a,b/?sentinel=m": "redis://a,b/?sentinel=m",
  }, ["memory", "sqlite:", "mysql://a", "/tmp/a.db", "redis:", "redis://a,b"]],
  ["redisPrefix", { "tw:": "tw:", "a": "a" }, ["a b", "{a}"]],
  ["workers", { "auto": "auto", "1": 1, "256": 256 }, [
    "0",
    "257",
    "-1",
    "1.5",
    "AUTO",
    "all",
  ]],
  ["sqliteSync", { "NORMAL": "NORMAL", "FULL": "FULL" }, ["full", "OFF"]],
  ["log", {
    "debug": "debug",
    "info": "info",
    "warn": "warn",
    "error": "error",
  }, [
    "INFO",
    "warning",
    "off",
  ]],
  ["connectedMessage", { " 你好 ": " 你好 " }, []],
];

for (const [name, good, bad] of values) {
  Deno.test(`settings.${name} accepts only valid values`, () => {
    for (const [text, value] of Object.entries(good)) {
      assertEquals(settings[name].schema.parse(text), value as never);
    }
    for (const text of bad) {
      assertEquals(isGood(settings[name], text), false, text);
    }
  });
}

Deno.test("settings have valid defaults", () => {
  for (const setting of Object.values<Setting>(settings)) {
    const { fallback, variable } = setting;
    if (fallback === undefined) continue;
    assertEquals(isGood(setting, fallback), true, variable);
  }
});

Deno.test("settings hide only keys", () => {
  assertEquals(
    Object.entries<Setting>(settings).filter(([, { isSecret }]) => isSecret)
      .map(([name]) => name),
    ["jwtSecrets", "apiKeys"],
  );
});
