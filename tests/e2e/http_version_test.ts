import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { scrape } from "../support/scrape.ts";
import { testApiKey } from "../support/server.ts";
import { serve } from "../support/taskwire.ts";

/** The metric of failed handshakes. */
const failed =
  'taskwire_handshakes_total{route="test_websocket",result="failed"}';

Deno.test("serve answers a handshake over HTTP/1.0, or logs the proxy setting", async () => {
  await using served = await serve([], {
    env: { TASKWIRE_API_KEYS: testApiKey },
  });
  const { hostname, port } = new URL(served.origin);
  using tcp = await Deno.connect({ hostname, port: Number(port) });
  await tcp.write(new TextEncoder().encode([
    "GET /ws/test/a HTTP/1.0",
    "Host: h",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n")));
  let answer: string | undefined;
  const buffer = new Uint8Array(1_024);
  const reading = tcp.read(buffer).then((count) => {
    if (count) answer = new TextDecoder().decode(buffer.subarray(0, count));
  });
  await eventually(async () => {
    const { samples } = await scrape(served.origin);
    return answer !== undefined || samples.get(failed) === 1;
  });
  served.server.kill("SIGTERM");
  await served.server.exitCode();
  await reading;
  if (answer === undefined) {
    assertMatch(
      await served.server.stderr,
      /over HTTP\/1\.0 from .*127\.0\.0\.1.*proxy_http_version 1\.1/,
    );
  } else {assertEquals(
      answer.split("\r\n")[0],
      "HTTP/1.0 101 Switching Protocols",
    );}
});
