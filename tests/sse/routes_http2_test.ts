import { assertEquals } from "@std/assert";
import { needs } from "../support/needs.ts";
import { startTestServer } from "../support/server.ts";

needs("curl")(
  "sseRoutes() takes :authority for the Host over HTTP/2",
  async () => {
    await using server = await startTestServer({
      config: { trustProxy: 1 }, // like behind an HTTP/2 proxy
    });
    const { port } = new URL(server.origin);
    for (
      const [origin, expected] of [
        [`http://status.example:${port}`, "200"],
        ["http://foreign.example", "403"],
      ]
    ) {
      const { stdout } = await new Deno.Command("curl", {
        args: [
          ...["--silent", "--http2-prior-knowledge", "--max-time", "2"],
          ...["--resolve", `status.example:${port}:127.0.0.1`],
          ...["--header", `Origin: ${origin}`, "--output", "/dev/null"],
          ...["--write-out", "%{http_code}"],
          `http://status.example:${port}/sse/realtime/a`,
        ],
      }).output();
      assertEquals(new TextDecoder().decode(stdout), expected, origin);
    }
  },
);
