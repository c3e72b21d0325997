import { assertEquals } from "@std/assert";
import {
  connectionOperations,
  watchOperations,
} from "../../src/docs/connection_operations.ts";
import { webSocketRoutes } from "../../src/routes.ts";
import { assertAnswer } from "../support/documents.ts";
import { rawHandshake } from "../support/handshake.ts";
import { startTestServer } from "../support/server.ts";

const handshakes = watchOperations.filter(({ path }) =>
  path.startsWith("/ws/")
);

Deno.test("watchOperations have every WebSocket route", () => {
  assertEquals(
    handshakes.map(({ path }) => path),
    webSocketRoutes.map(({ path }) => path.replace(":path}", "}")),
  );
});

for (const { path } of handshakes) {
  Deno.test(`GET ${path} is answered as documented`, async () => {
    await using server = await startTestServer({
      config: { maxConnections: 1 },
    });
    const url = server.ws(path.replace("{connection_id}", "a"));
    const longId = path.replace("{connection_id}", "x".repeat(257));
    const cases: [string, Record<string, string | null>, number][] = [
      [url, { Upgrade: null }, 426],
      [url, { "Sec-WebSocket-Version": "12" }, 426],
      [url, { "Sec-WebSocket-Key": null }, 400],
      [server.ws(longId), {}, 400],
    ];
    for (const [target, headers, status] of cases) {
      const { body: text, ...answer } = await rawHandshake(target, headers);
      assertEquals(answer.status, status);
      assertAnswer(`GET ${path}`, { ...answer, text });
    }
    const release = server.services.registry.reserve("127.0.0.1");
    const { body: text, ...answer } = await rawHandshake(url);
    release();
    assertEquals(answer.status, 503);
    assertAnswer(`GET ${path}`, { ...answer, text });
  });
}

Deno.test("connectionOperations are for operators only", () => {
  for (const { access } of connectionOperations) {
    assertEquals(access, ["admin"]);
  }
});
