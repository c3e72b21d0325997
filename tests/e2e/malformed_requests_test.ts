import { assertEquals } from "@std/assert";
import { rawRequest } from "../support/raw_request.ts";
import { RunningCommand } from "../support/taskwire.ts";

const handshake = [
  "GET /ws/test/a HTTP/1.1",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const gzipped = [
  "POST /healthz HTTP/1.1",
  "Host: h",
  "Transfer-Encoding: gzip, chunked",
  "",
  "0\r\n\r\n",
];
const twoLengths = [
  "POST /healthz HTTP/1.1",
  "Host: h",
  "Content-Length: 3",
  "Transfer-Encoding: chunked",
  "",
  "0\r\n\r\n",
];

Deno.test("serve refuses ambiguous requests", async () => {
  await using server = new RunningCommand(["serve", "--port", "0"]);
  const [, origin = ""] = await server.line(/(http:\/\/127\.0\.0\.1:\d+)/);
  for (
    const [code, ...lines] of [
      ["bad_host", "GET /nowhere HTTP/1.1", "Host: h/healthz?"],
      ["bad_host", "GET /healthz HTTP/1.1", "Host: a b"],
      ["bad_host", "GET /healthz HTTP/1.1", "Host:"],
      ["bad_host", "GET http://h/healthz HTTP/1.1", "Host: other"],
      ["bad_host", ...handshake],
      ["bad_request_target", "GET ftp://h/healthz HTTP/1.1", "Host: h"],
      ["bad_request_target", "CONNECT h:80 HTTP/1.1", "Host: h:80"],
      ["bad_framing", ...gzipped],
    ]
  ) {
    const { status, body } = await rawRequest(origin, ...lines);
    assertEquals([status, JSON.parse(body).code], [400, code], lines.join());
  }
  // Newer runtimes answer these requests themselves, without a body.
  for (
    const lines of [
      ["GET /healthz HTTP/1.1", "Host: a", "Host: b"],
      twoLengths,
    ]
  ) {
    const { status, headers } = await rawRequest(origin, ...lines);
    assertEquals([status, headers.get("connection")], [400, "close"]);
  }
});

Deno.test("serve answers absolute targets, and health checks of HTTP/1.0", async () => {
  await using server = new RunningCommand(["serve", "--port", "0"]);
  const [, origin = ""] = await server.line(/(http:\/\/127\.0\.0\.1:\d+)/);
  for (
    const lines of [
      ["GET http://h/healthz HTTP/1.1", "Host: h"],
      ["GET /healthz HTTP/1.0"],
    ]
  ) assertEquals((await rawRequest(origin, ...lines)).status, 200);
});
