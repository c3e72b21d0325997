import { assertEquals, assertThrows } from "@std/assert";
import { UsageFailure } from "../../src/cli/failure.ts";
import { serverUrl, webSocketUrl } from "../../src/cli/server_url.ts";
import { loadConfig } from "../../src/config.ts";

const config = loadConfig({});

Deno.test("serverUrl() is made of host and port", () => {
  const cases = [
    ["127.0.0.1", "http://127.0.0.1:8001/"],
    ["localhost", "http://localhost:8001/"],
    ["example.com", "http://example.com:8001/"],
    ["::1", "http://[::1]:8001/"],
    // no client can connect to these
    ["0.0.0.0", "http://127.0.0.1:8001/"],
    ["::", "http://[::1]:8001/"],
  ] as const;
  for (const [host, expected] of cases) {
    const url = serverUrl(undefined, { ...config, host, port: 8001 });
    assertEquals(url.href, expected);
  }
});

Deno.test("serverUrl() takes http and ws addresses, and a path that ends in a slash", () => {
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
    assertEquals(serverUrl(given, config).href, expected);
  }
});

Deno.test("serverUrl() refuses what is no address of a server", () => {
  for (
    const given of ["", "127.0.0.1:8000", "localhost:8000", "ftp://a", "/"]
  ) {
    assertThrows(
      () => serverUrl(given, config),
      UsageFailure,
      "http://127.0.0.1:8000",
    );
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
