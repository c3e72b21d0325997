import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  ConfigError,
  type ConfigSources,
  describeConfig,
  describeSettings,
  loadConfig,
  readSettings,
} from "../../src/config/config.ts";
import {
  type Setting,
  type SettingName,
  settings,
} from "../../src/config/settings.ts";

const secret = "a-secret-for-tests-of-32-bytes-or-more";

function fromEnvironment(variables: Record<string, string>): ConfigSources {
  return { environment: (variable) => variables[variable] };
}

/** Returns the error that lists the mistakes of a configuration. */
function mistakesOf(sources: ConfigSources): ConfigError {
  return assertThrows(() => loadConfig(sources), ConfigError);
}

Deno.test("loadConfig() has the spec's defaults", () => {
  assertEquals(loadConfig({}), {
    host: "127.0.0.1",
    port: 8000,
    workers: 1,
    jwtSecrets: [],
    jwtLeewaySeconds: 5,
    auth: "optional",
    guestUserId: "1",
    apiKeys: [],
    origins: [],
    store: "sqlite:taskwire.db",
    redisPrefix: "taskwire:",
    sqliteSync: "FULL",
    historyLimit: 1000,
    historyTtlSeconds: 86_400,
    maxMessageBytes: 65_536,
    maxBufferedBytes: 1_048_576,
    maxConnections: 100_000,
    maxConnectionsPerIp: 0,
    maxConnectionsPerUser: 0,
    messageRate: 50,
    idleTimeoutSeconds: 30,
    drainTimeoutSeconds: 10,
    maxMemoryBytes: 0,
    trustProxy: 0,
    log: "info",
    connectedMessage: "WebSocket连接成功",
  });
});

Deno.test("loadConfig() hides apparent secrets in invalid URLs", () => {
  for (
    const [store, shown] of [
      ["redis://u:p@ss@h:x", "redis://u:(hidden)@h:x"],
      ["redis://:p@h?password=q", "redis://:(hidden)@h?password=(hidden)"],
      ["redis://h?a=1&Token=t&b=2", "redis://h?a=1&Token=(hidden)&b=2"],
    ] as const
  ) {
    const { lines } = mistakesOf({ flags: { store } });
    assertStringIncludes(lines.join(), `--store=${shown}:`);
  }
});

Deno.test("loadConfig() returns a frozen object", () => {
  const config = loadConfig({});
  assertThrows(() => Object.assign(config, { port: 1 }), TypeError);
  assertEquals(config.port, 8000);
});

const samples: Record<SettingName, [text: string, value: unknown]> = {
  host: ["0.0.0.0", "0.0.0.0"],
  port: ["0", 0],
  workers: ["auto", "auto"],
  jwtSecrets: [secret, [secret]],
  jwtPublicKey: ["key.pem", "key.pem"],
  jwksUrl: ["https://id.example/jwks", "https://id.example/jwks"],
  jwtAlgorithms: ["HS512,ES256", ["HS512", "ES256"]],
  jwtIssuer: ["issuer", "issuer"],
  jwtAudience: ["wire", "wire"],
  jwtLeewaySeconds: ["0", 0],
  auth: ["required", "required"],
  guestUserId: ["0", "0"],
  apiKeys: ["key", ["key"]],
  origins: ["*", ["*"]],
  store: ["memory:", "memory:"],
  redisPrefix: ["tw-", "tw-"],
  sqliteSync: ["FULL", "FULL"],
  historyLimit: ["5", 5],
  historyTtlSeconds: ["60", 60],
  maxMessageBytes: ["1", 1],
  maxBufferedBytes: ["1024", 1_024],
  maxConnections: ["0", 0],
  maxConnectionsPerIp: ["0", 0],
  maxConnectionsPerUser: ["0", 0],
  messageRate: ["0", 0],
  idleTimeoutSeconds: ["0", 0],
  drainTimeoutSeconds: ["0", 0],
  maxMemoryBytes: ["0", 0],
  trustProxy: ["0", 0],
  log: ["debug", "debug"],
  connectedMessage: ["hi", "hi"],
};

Deno.test("loadConfig() reads every setting from flag, environment and env file", () => {
  const flags: Record<string, string> = {};
  const variables: Record<string, string> = {};
  const expected: Record<string, unknown> = {};
  for (const [name, [text, value]] of Object.entries(samples)) {
    flags[name] = text;
    variables[settings[name as SettingName].variable] = text;
    expected[name] = value;
  }
  for (
    const sources of [
      { flags },
      fromEnvironment(variables),
      { envFile: variables },
    ]
  ) {
    assertEquals({ ...loadConfig(sources) }, expected);
  }
});

Deno.test("loadConfig() prefers flags to the environment, and the environment to the env file", () => {
  const flags = { port: "1" };
  const environment = () => "2";
  const envFile = { TASKWIRE_PORT: "3" };
  const only = (read: typeof environment) => (variable: string) =>
    variable === "TASKWIRE_PORT" ? read() : undefined;
  const table: [ConfigSources, number][] = [
    [{ flags, environment: only(environment), envFile }, 1],
    [{ flags: {}, environment: only(environment), envFile }, 2],
    [{ flags, envFile }, 1],
    [{ envFile }, 3],
    [{ environment: only(() => ""), envFile }, 3], // empty is unset
    [{ flags: { port: "" }, envFile }, 3],
    [{ envFile: { TASKWIRE_PORT: "" } }, 8000],
  ];
  for (const [sources, port] of table) {
    assertEquals(loadConfig(sources).port, port);
  }
});

Deno.test("loadConfig() ignores a bad value that a stronger source overrides", () => {
  const envFile = { TASKWIRE_PORT: "bad" };
  assertEquals(loadConfig({ flags: { port: "1" }, envFile }).port, 1);
});

Deno.test("loadConfig() reports every mistake on a line with variable, value and expectation", () => {
  const wrong = Object.entries<Setting>(settings).filter(([name]) =>
    ![
      "jwtPublicKey",
      "jwtIssuer",
      "jwtAudience",
      "guestUserId",
      "connectedMessage",
    ].includes(name) // any text is valid
  ).map(([, setting]) => setting);
  const variables = Object.fromEntries(
    wrong.map(({ variable }, index) => [variable, `/bad ${index}`]),
  );
  const { lines, message, isWrongUsage } = mistakesOf(
    fromEnvironment(variables),
  );
  assertEquals(
    lines,
    wrong.map(({ variable, expects, isSecret }, index) =>
      `${variable}=${
        isSecret ? "(hidden)" : `/bad ${index}`
      }: expected ${expects}`
    ),
  );
  assertEquals(message, lines.join("\n"));
  assertFalse(isWrongUsage);
});

Deno.test("loadConfig() names the flag or the variable of a bad value", () => {
  const envFile = { TASKWIRE_MAX_MESSAGE_BYTES: "0" };
  const flags = { maxMessageBytes: "none" };
  assertStringIncludes(
    mistakesOf({ envFile }).message,
    "TASKWIRE_MAX_MESSAGE_BYTES=0: ",
  );
  const { message, isWrongUsage } = mistakesOf({ flags, envFile });
  assertStringIncludes(message, "--max-message-bytes=none: ");
  assert(isWrongUsage);
});

Deno.test("loadConfig() shows no key from any source", () => {
  const values = { jwtSecrets: "too-short", apiKeys: "two words" };
  const variables = {
    TASKWIRE_JWT_SECRET: values.jwtSecrets,
    TASKWIRE_API_KEYS: values.apiKeys,
  };
  const all = [
    { flags: values },
    fromEnvironment(variables),
    { envFile: variables },
  ];
  for (const sources of all) {
    const { lines, message } = mistakesOf(sources);
    assertEquals(lines.length, 2);
    for (const value of Object.values(values)) {
      assertFalse(message.includes(value), message);
    }
  }
});

Deno.test("loadConfig() shows no password of a store", () => {
  for (
    const start of ["postgres://wire:", "redis:/:", "redis:", "REDISS:wire:"]
  ) {
    const store = `${start}hunter2@db.internal/wire`;
    const { message } = mistakesOf({ flags: { store } });
    assertStringIncludes(message, "db.internal");
    assertFalse(message.includes("hunter2"), message);
  }
});

Deno.test("loadConfig() shows no key given in place of a file", () => {
  for (const key of ["-----BEGIN PRIVATE KEY-----\nMIIE", '{"d":"MIIE"}']) {
    const { message } = mistakesOf({ flags: { jwtPublicKey: key } });
    assertStringIncludes(message, "(hidden): expected the path of a file");
    assertFalse(message.includes("MIIE"), message);
  }
});

Deno.test("loadConfig() reports a mistake on a single line even if the value has several", () => {
  const { lines } = mistakesOf({ flags: { host: "a\nb\r\x1b[2J" } });
  assertEquals(lines.length, 1);
  assertFalse(/\p{Cc}/u.test(lines.join()), lines.join());
});

Deno.test("loadConfig() rejects unknown variables of the env file", () => {
  const envFile = { TASKWIRE_PROT: "1", taskwire_port: "2", PATH: "/bin" };
  const { lines } = mistakesOf({ envFile });
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0] ?? "", "TASKWIRE_PROT: ");
});

Deno.test("loadConfig() reads no variables but its own", () => {
  const asked: string[] = [];
  loadConfig({ environment: (variable) => void asked.push(variable) });
  assertEquals(
    asked.toSorted(),
    Object.values(settings).map(({ variable }) => variable).toSorted(),
  );
});

/** The variables that Kubernetes sets in a pod beside a service called taskwire. */
const ofKubernetes = {
  TASKWIRE_SERVICE_HOST: "10.0.0.1",
  TASKWIRE_SERVICE_PORT: "8000",
  TASKWIRE_SERVICE_PORT_HTTP: "8000",
  TASKWIRE_PORT: "tcp://10.0.0.1:8000",
  TASKWIRE_PORT_8000_TCP: "tcp://10.0.0.1:8000",
  TASKWIRE_PORT_8000_TCP_PROTO: "tcp",
  TASKWIRE_PORT_8000_TCP_PORT: "8000",
  TASKWIRE_PORT_8000_TCP_ADDR: "10.0.0.1",
};

Deno.test("loadConfig() ignores the variables of a Kubernetes service called taskwire, and warns", () => {
  for (
    const [sources, count] of [
      [fromEnvironment(ofKubernetes), 1], // the only name among the settings
      [{ envFile: ofKubernetes }, Object.keys(ofKubernetes).length],
    ] as const
  ) {
    const warnings: string[] = [];
    const warn = (line: string) => void warnings.push(line);
    assertEquals(loadConfig({ ...sources, warn }).port, 8000);
    assertEquals(warnings.length, count);
    assert(warnings.every((line) => line.includes("Kubernetes")));
    assertStringIncludes(
      warnings.join("\n"),
      "TASKWIRE_PORT=tcp://10.0.0.1:8000 is ignored",
    );
  }
  const envFile = { TASKWIRE_PORT: "9000" };
  const { port } = loadConfig({ ...fromEnvironment(ofKubernetes), envFile });
  assertEquals(port, 9000);
  mistakesOf({ flags: { port: "tcp://10.0.0.1:8000" } });
});

Deno.test("readSettings() reads only the named settings", () => {
  const sources = fromEnvironment({
    TASKWIRE_PORT: "none",
    TASKWIRE_URL: "http://a.example",
    TASKWIRE_API_KEYS: "one,two",
  });
  assertEquals(readSettings(sources, ["apiKeys", "url"]), {
    apiKeys: ["one", "two"],
    url: new URL("http://a.example"),
  });
  assertThrows(() => readSettings(sources, ["port"]), ConfigError, "=none:");
});

Deno.test("describeConfig() shows no query of a key set's URL", () => {
  const jwksUrl = "https://id.example/keys?sig=hunter2&x=1";
  const lines = describeConfig(loadConfig({ flags: { jwksUrl } })).join("\n");
  assertStringIncludes(lines, "_JWKS_URL=https://id.example/keys?(hidden)");
  const { message } = mistakesOf({
    flags: { jwksUrl: `x${jwksUrl}`, store: jwksUrl },
  });
  assertFalse(`${lines}${message}`.includes("hunter2"), message);
});

Deno.test("describeConfig() writes an env file of the same configuration", () => {
  const config = loadConfig({
    flags: { port: "1", origins: "https://a.example,https://b.example" },
  });
  const pairs = describeConfig(config).filter((line) => !line.startsWith("#"))
    .map((line) => line.split(/=(.*)/s).slice(0, 2));
  assertEquals(loadConfig({ envFile: Object.fromEntries(pairs) }), config);
});

Deno.test("describeSettings() distinguishes set and unset settings", () => {
  const described = describeSettings(
    loadConfig({ flags: { jwtSecrets: secret, port: "1" } }),
  );
  const named = (name: SettingName) => {
    const { variable, description } = settings[name];
    const found = described.find((one) => one.variable === variable);
    assertEquals(found?.description, description);
    return [found?.value, found?.fallback];
  };
  assertEquals(described.length, Object.keys(settings).length);
  assertEquals(named("port"), ["1", "8000"]);
  assertEquals(named("auth"), ["optional", "optional"]);
  assertEquals(named("origins"), [undefined, undefined]);
  assertEquals(named("jwtSecrets"), ["(hidden)", undefined]);
});

Deno.test("describeConfig() shows every setting but no key", () => {
  const apiKeys = "an-api-key,another-key";
  const lines = describeConfig(
    loadConfig({ flags: { jwtSecrets: secret, apiKeys } }),
  );
  assertEquals(lines.length, Object.keys(settings).length);
  assert(lines.includes("TASKWIRE_JWT_SECRET=(hidden)"));
  assert(lines.includes("TASKWIRE_API_KEYS=(hidden)"));
  assert(lines.includes("# TASKWIRE_ORIGINS="));
  for (const key of [secret, ...apiKeys.split(",")]) {
    assertFalse(lines.join("\n").includes(key));
  }
});
