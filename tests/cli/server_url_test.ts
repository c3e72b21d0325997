import { assertEquals, assertThrows } from "@std/assert";
import type { SettingsReader } from "../../src/cli/command.ts";
import { UsageFailure } from "../../src/terminal/failure.ts";
import { listeningUrl } from "../../src/config/listening_url.ts";
import {
  redirectTarget,
  serverUrl,
  webSocketUrl,
} from "../../src/cli/server_url.ts";
import {
  ConfigError,
  type ConfigSources,
  readSettings,
} from "../../src/config/config.ts";

function reader(sources: ConfigSources): SettingsReader {
  return (...names) => readSettings(sources, names);
}

Deno.test("listeningUrl() combines host and port", () => {
  const cases = [
    ["127.0.0.1", "http://127.0.0.1:8001/"],
    ["localhost", "http://localhost:8001/"],
    ["example.com", "http://example.com:8001/"],
    ["::1", "http://[::1]:8001/"],
    // wildcard addresses, to which no client can connect
    ["0.0.0.0", "http://127.0.0.1:8001/"],
    ["::", "http://[::1]:8001/"],
  ] as const;
  for (const [host, expected] of cases) {
    assertEquals(listeningUrl({ host, port: 8001 }).href, expected);
  }
});

Deno.test("serverUrl() accepts http and ws addresses, and ends the path in a slash", () => {
  const cases = [
    ["http://a.example", "http://a.example/"],
    ["https://a.example:8443", "https://a.example:8443/"],
    ["ws://a.example", "http://a.example/"],
    ["WSS://a.example/", "https://a.example/"],
    ["https://a.example/taskwire", "https://a.example/taskwire/"],
    [
      "https://a.example/taskwire/?token=secret#top",
      "https://a.example/taskwire/",
    ],
  ] as const;
  for (const [given, expected] of cases) {
    assertEquals(serverUrl(reader({}), given).href, expected);
    const flags = { url: given };
    assertEquals(serverUrl(reader({ flags })).href, expected);
  }
});

Deno.test("serverUrl() prefers the argument to the setting, and the setting to host and port", () => {
  const environment = (variable: string) =>
    ({ TASKWIRE_URL: "http://b.example", TASKWIRE_HOST: "c.example" })[
      variable
    ];
  const flags = { port: "none" }; // read only if needed
  const read = reader({ environment, flags });
  assertEquals(serverUrl(read, "http://a.example").hostname, "a.example");
  assertEquals(serverUrl(read).hostname, "b.example");
  const withoutUrl = reader({
    environment: (variable) =>
      variable === "TASKWIRE_URL" ? "" : environment(variable),
  });
  assertEquals(serverUrl(withoutUrl).href, "http://c.example:8000/");
  assertThrows(() => serverUrl(reader({ flags })), ConfigError, "--port=none");
});

Deno.test("serverUrl() rejects invalid addresses", () => {
  for (
    const given of ["", "127.0.0.1:8000", "localhost:8000", "ftp://a", "/"]
  ) {
    const expected = "http://127.0.0.1:8000";
    assertThrows(() => serverUrl(reader({}), given), UsageFailure, expected);
    if (given === "") continue; // an empty setting is unset
    const flags = { url: given };
    assertThrows(() => serverUrl(reader({ flags })), ConfigError, expected);
  }
});

Deno.test("webSocketUrl() keeps the server's path and security", () => {
  const cases = [
    ["http://a.example/", "ws://a.example/ws/test/x"],
    ["https://a.example/taskwire/", "wss://a.example/taskwire/ws/test/x"],
  ] as const;
  for (const [server, expected] of cases) {
    assertEquals(webSocketUrl(new URL(server), "ws/test/x").href, expected);
  }
});

Deno.test("redirectTarget() returns the target of a redirect, without the query", () => {
  const from = new URL("https://a.example/readyz");
  const target = (status: number, location?: string) =>
    redirectTarget(
      new Response(null, {
        status,
        headers: location === undefined ? {} : { location },
      }),
      from,
    );
  assertEquals(target(302, "/login?next=%2F"), "https://a.example/login");
  assertEquals(target(308, "http://b.example"), "http://b.example/");
  assertEquals(target(307, "http://"), "an invalid URL");
  assertEquals(target(302), undefined);
  assertEquals(target(201, "/made"), undefined);
});
