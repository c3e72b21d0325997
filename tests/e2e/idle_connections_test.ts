import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { deadline } from "../support/deadline.ts";
import { serve } from "../support/taskwire.ts";

for (
  const [criterion, sent] of [
    ["says nothing", ""],
    ["has sent half of a request's head", "GET /healthz HTTP/1.1\r\nHo"],
  ] as const
) {
  Deno.test(`serve stops without waiting for a connection that ${criterion}`, async () => {
    await using served = await serve(["--drain-timeout", "3600"]);
    const { hostname, port } = new URL(served.origin);
    using tcp = await Deno.connect({ hostname, port: Number(port) });
    await tcp.write(new TextEncoder().encode(sent));
    // Connections are accepted in order: once this connection is, the first is,
    // too.
    await answerOf(fetch(`${served.origin}/healthz`));
    served.server.kill("SIGTERM");
    try {
      const code = await deadline(
        served.server.exitCode(),
        () => "the server still waits",
      );
      assertEquals(code, 0);
    } catch (error) {
      served.server.kill("SIGKILL");
      throw error;
    }
  });
}
