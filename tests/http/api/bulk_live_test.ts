import {
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { maxKeptBytes } from "../../../src/http/api/arriving_body.ts";
import { EventLines } from "../../support/event_lines.ts";
import { heldMemory } from "../../support/held_memory.ts";
import { openRealtime } from "../../support/realtime.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";
import { serve } from "../../support/taskwire.ts";

function line(connection_id: string, members = {}): string {
  return `${JSON.stringify({ connection_id, ...members })}\n`;
}

Deno.test("POST /api/events answers a line while the request is still being written", async () => {
  await using server = await startTestServer();
  await using lines = await EventLines.open(server);
  for (const offset of [1, 2, 3]) {
    await lines.write(line("a"));
    assertEquals((await lines.next())?.offset, offset);
  }
  await lines.write("no JSON\n");
  assertEquals((await lines.next())?.code, "bad_json");
  await lines.write(line("a"));
  assertEquals((await lines.next())?.offset, 4);
});

Deno.test("POST /api/events waits for the end of a line that arrives in pieces", async () => {
  await using server = await startTestServer();
  await using lines = await EventLines.open(server);
  await lines.write(line("a") + '{"connection_id":"上');
  assertEquals((await lines.next())?.connection_id, "a");
  await lines.write('传"');
  await lines.write("}");
  await lines.write("\n");
  assertEquals((await lines.next())?.connection_id, "上传");
});

Deno.test("POST /api/events delivers each event to watchers at once", async () => {
  await using server = await startTestServer();
  await using socket = await openRealtime(server, "a");
  await using lines = await EventLines.open(server);
  for (const progress of [0.1, 0.2]) {
    await lines.write(line("a", { progress }));
    assertEquals((await socket.nextFrame()).progress, progress);
    assertEquals((await lines.next())?.delivered, 1);
  }
});

Deno.test("POST /api/events keeps the answered events if the client disconnects", async () => {
  await using server = await startTestServer();
  const lines = await EventLines.open(server);
  await lines.write(line("a"));
  assertEquals((await lines.next())?.offset, 1);
  await lines.write('{"connection_id":"a"}');
  await lines.abort();
  await using next = await EventLines.open(server);
  await next.write(line("b"));
  assertEquals((await next.next())?.offset, 1);
  assertEquals((await server.services.store.read("a")).offset, 1);
});

Deno.test("POST /api/events needs constant memory during a long request", async () => {
  await using server = await startTestServer({ config: { historyLimit: 10 } });
  await using lines = await EventLines.open(server);
  const total = 20_000;
  // 80 MB in all: kept lines or results would show.
  const batch = line("a", { data: "x".repeat(4_000) }).repeat(100);
  async function writeAll(): Promise<void> {
    for (let written = 0; written < total; written += 100) {
      await lines.write(batch);
    }
  }
  const writing = writeAll();
  let heldAtFirst = 0;
  while (lines.count < total) {
    assertEquals((await lines.next())?.offset, lines.count);
    if (lines.count === total / 10) heldAtFirst = heldMemory();
  }
  await writing;
  assertLess(heldMemory() - heldAtFirst, 10_000_000);
});

Deno.test("POST /api/events keeps the connection of a short request that arrives in pieces", async () => {
  await using server = await startTestServer();
  const { hostname, port } = new URL(server.origin);
  using tcp = await Deno.connect({ hostname, port: Number(port) });
  const head = [
    "POST /api/events HTTP/1.1",
    `Host: ${hostname}`,
    `Authorization: Bearer ${testApiKey}`,
    `Content-Length: ${3 * line("a").length}`,
    "\r\n",
  ].join("\r\n");
  const encoder = new TextEncoder();
  const buffer = new Uint8Array(4_096);
  for (const last of [3, 6]) {
    await tcp.write(encoder.encode(head + line("a")));
    // After the exchange, the server has the first piece.
    await (await fetch(`${server.origin}/healthz`)).text();
    await tcp.write(encoder.encode(line("a").repeat(2)));
    let answer = "";
    while (!answer.includes(`"offset":${last},`)) {
      const count = await tcp.read(buffer) ?? 0;
      assertGreater(count, 0, `the connection ended after: ${answer}`);
      answer += new TextDecoder().decode(buffer.subarray(0, count));
    }
    assertEquals(/^connection: close/im.test(answer), false, answer);
  }
});

/**
 * Sends a line, reads the result, and disconnects before the end of the body.
 */
async function breakOff(
  origin: string,
  key: string,
  rest: readonly string[],
): Promise<void> {
  const { hostname, port } = new URL(origin);
  using tcp = await Deno.connect({ hostname, port: Number(port) });
  const request = [
    "POST /api/events HTTP/1.1",
    `Host: ${hostname}`,
    `Authorization: Bearer ${key}`,
    ...rest,
  ].join("\r\n");
  await tcp.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(4_096);
  let answer = "";
  while (!answer.includes('"offset"')) {
    const count = await tcp.read(buffer) ?? 0;
    assertGreater(count, 0, `the connection ended after: ${answer}`);
    answer += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

Deno.test("POST /api/events keeps the lines before a broken end, and logs the break", async () => {
  const key = "an-api-key-of-32-characters-here";
  let stderr: Promise<string>;
  {
    await using served = await serve(["--log", "debug"], {
      env: { TASKWIRE_API_KEYS: key },
    });
    stderr = served.server.stderr;
    const size = line("a").length.toString(16);
    await breakOff(served.origin, key, [
      "Transfer-Encoding: chunked",
      "",
      `${size}\r\n${line("a")}\r\n`,
    ]);
    const response = await fetch(`${served.origin}/api/tasks/a`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    assertEquals((await response.json()).offset, 1);
  }
  const written = (await stderr).trimEnd().split("\n");
  const raw = written.filter((text) => !text.startsWith("{"));
  assertEquals(raw, []);
});

/** Opens a connection with a request to `/api/events`, before the body. */
async function openRequest(
  origin: string,
  ...headers: readonly string[]
): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(origin);
  const tcp = await Deno.connect({ hostname, port: Number(port) });
  await writeAll(
    tcp,
    [
      "POST /api/events HTTP/1.1",
      `Host: ${hostname}`,
      `Authorization: Bearer ${testApiKey}`,
      "Connection: close",
      ...headers,
      "\r\n",
    ].join("\r\n"),
  );
  return tcp;
}

async function writeAll(tcp: Deno.TcpConn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    at += await tcp.write(bytes.subarray(at));
  }
}

/**
 * Reads the rest of an answer to the end of the connection, without chunk
 * sizes.
 */
async function readAll(tcp: Deno.TcpConn): Promise<string> {
  const answer = await new Response(tcp.readable).text();
  return answer.replaceAll(/\r\n[0-9a-f]+\r\n/g, "");
}

const lineCount = 200_000;

for (
  const [kind, header, encode] of [
    [
      "a length",
      `Content-Length: ${lineCount * line("a").length}`,
      (text: string) => text,
    ],
    [
      "chunks",
      "Transfer-Encoding: chunked",
      (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`,
    ],
  ] as const
) {
  Deno.test(`POST /api/events answers ${lineCount} lines with ${kind} to a client that writes everything before reading`, async () => {
    await using server = await startTestServer({
      config: { store: "memory:", historyLimit: 10 },
    });
    const tcp = await openRequest(server.origin, header);
    const thousand = encode(line("a").repeat(1_000));
    for (let written = 0; written < lineCount; written += 1_000) {
      await writeAll(tcp, thousand);
    }
    if (kind === "chunks") await writeAll(tcp, "0\r\n\r\n");
    const answer = await readAll(tcp);
    assertMatch(answer, /^HTTP\/1\.1 200 /);
    assertEquals(answer.split(`"duplicate":false`).length - 1, lineCount);
    assertStringIncludes(answer, `"offset":${lineCount},`);
  });
}

Deno.test("POST /api/events rejects an oversized body with a length before publishing", async () => {
  await using server = await startTestServer({ config: { store: "memory:" } });
  const size = line("a").length;
  const count = Math.ceil((maxKeptBytes + 1) / size / 1_000) * 1_000;
  const tcp = await openRequest(
    server.origin,
    `Content-Length: ${count * size}`,
  );
  const thousand = line("a").repeat(1_000);
  for (let written = 0; written < count; written += 1_000) {
    await writeAll(tcp, thousand);
  }
  const answer = await readAll(tcp);
  assertMatch(answer, /^HTTP\/1\.1 413 /);
  assertStringIncludes(answer, `the limit of ${maxKeptBytes} bytes`);
  assertEquals((await server.services.store.read("a")).offset, 0);
});

Deno.test("POST /api/events answers body_too_large to chunked lines beyond the limit of kept results", async () => {
  await using server = await startTestServer({
    config: { store: "memory:", historyLimit: 10 },
  });
  const count = 300_000;
  const tcp = await openRequest(server.origin, "Transfer-Encoding: chunked");
  const text = line("a").repeat(1_000);
  const thousand = `${text.length.toString(16)}\r\n${text}\r\n`;
  for (let written = 0; written < count; written += 1_000) {
    await writeAll(tcp, thousand);
  }
  await writeAll(tcp, "0\r\n\r\n");
  const answer = await readAll(tcp);
  assertMatch(answer, /^HTTP\/1\.1 200 /);
  const published = answer.split('"duplicate":false').length - 1;
  const refused = answer.split('"code":"body_too_large"').length - 1;
  assertGreater(refused, 0);
  assertEquals(published + refused, count);
  assertStringIncludes(answer, `The lines from ${published + 1} on`);
  const { offset } = await server.services.store.read("a");
  assertEquals(offset, published);
});

Deno.test("POST /api/events publishes the lines of a client that never pauses", async () => {
  await using server = await startTestServer();
  await using lines = await EventLines.open(server);
  let offset = 0;
  let written = 0;
  while (written < 1_000 && offset === 0) {
    await lines.write(line("a"));
    written += 1;
    await (await fetch(`${server.origin}/healthz`)).text();
    ({ offset } = await server.services.store.read("a"));
  }
  assertGreater(offset, 0);
  while (lines.count < written) await lines.next();
});

Deno.test("POST /api/events publishes nothing of a body with a length that breaks off", async () => {
  await using server = await startTestServer();
  const tcp = await openRequest(server.origin, "Content-Length: 1000");
  await writeAll(tcp, line("a"));
  tcp.close();
  await using lines = await EventLines.open(server);
  await lines.write(line("b"));
  assertEquals((await lines.next())?.offset, 1);
  assertEquals((await server.services.store.read("a")).offset, 0);
});

Deno.test("POST /api/events answers later lines of a short request after a bad line", async () => {
  await using server = await startTestServer();
  const response = await fetch(`${server.origin}/api/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${testApiKey}` },
    body: `{\n${line("a")}`,
  });
  const results = (await response.text()).trimEnd().split("\n");
  assertEquals(
    results.map((result) => JSON.parse(result).offset ?? "refused"),
    ["refused", 1],
  );
});
