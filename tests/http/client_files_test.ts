import { assertEquals, assertMatch } from "@std/assert";
import { clientFileRoutes } from "../../src/http/client_files.ts";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";

const routes = clientFileRoutes();

for (
  const [name, type] of [
    ["client.js", "text/javascript; charset=utf-8"],
    ["client.d.ts", "text/plain; charset=utf-8"],
  ] as const
) {
  Deno.test(`clientFileRoutes() serves ${name} to pages of any origin`, async () => {
    await using server = await startTestServer();
    const { status, headers, text } = await answerOf(
      fetch(`${server.origin}/${name}`),
    );
    assertEquals(status, 200);
    const file = new URL(`../../src/client/${name}`, import.meta.url);
    assertEquals(text, await Deno.readTextFile(file));
    for (
      const [header, value] of [
        ["content-type", type],
        ["access-control-allow-origin", "*"],
        ["cache-control", "no-cache, no-transform"],
        ["x-content-type-options", "nosniff"],
      ] as const
    ) {
      assertEquals(headers.get(header), value, header);
    }
  });

  Deno.test(`clientFileRoutes() sends ${name} once to a caching client`, async () => {
    const first = await answerOf(routes.request(`/${name}`));
    const etag = first.headers.get("etag") ?? "";
    assertMatch(etag, /^"[\w-]{43}"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const headers = { "If-None-Match": known };
      const again = await answerOf(routes.request(`/${name}`, { headers }));
      assertEquals([again.status, again.text], [304, ""]);
      assertEquals(again.headers.get("etag"), etag);
      assertEquals(again.headers.get("content-type"), null);
    }
    const headers = { "If-None-Match": '"other"' };
    const other = await answerOf(routes.request(`/${name}`, { headers }));
    assertEquals(other.status, 200);
  });
}

Deno.test("clientFileRoutes() points Deno to the types", async () => {
  const { headers } = await answerOf(routes.request("/client.js"));
  assertEquals(headers.get("x-typescript-types"), "./client.d.ts");
});
