import { assertEquals, assertMatch } from "@std/assert";
import type * as client from "../../src/client/mod.ts";
import { browserTest } from "../support/browser.ts";

/** Serves a page with a policy against all connections, and the client. */
function serveStrictPage() {
  const script = new URL("../../src/client/client.js", import.meta.url);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async ({ url }) =>
      new URL(url).pathname === "/client.js"
        ? new Response(await Deno.readTextFile(script), {
          headers: { "Content-Type": "text/javascript" },
        })
        : new Response("<title>strict</title><link rel=icon href=data:,>", {
          headers: {
            "Content-Type": "text/html",
            "Content-Security-Policy": "connect-src 'none'",
          },
        }),
  );
  return Promise.resolve({
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

for (const transport of ["auto", "sse"] as const) {
  browserTest(
    `tells the client's user that the page's policy forbids it to connect (${transport})`,
    serveStrictPage,
    async (page, { origin }) => {
      await page.goto(origin);
      const { code, message } = await page.evaluate(async (transport) => {
        const { connect }: typeof client = await import(
          `${"/client"}.js`
        );
        return await new Promise<client.ErrorFrame>((resolve) => {
          const watching = connect("/#top", {
            transport,
            getToken: () => "x.y.z",
            onError: (error) => {
              resolve(error);
              watching.close();
            },
          });
          watching.watch("a");
        });
      }, transport);
      assertEquals(code, "network_error");
      assertMatch(message, /^(?:SecurityError|TypeError): ./);
    },
    { expected: /Content Security Policy|Fetch API cannot load/ },
  );
}
