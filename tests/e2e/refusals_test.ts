import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { type Frame, TestSocket } from "../support/socket.ts";
import { serve } from "../support/taskwire.ts";

const apiKey = "key-of-the-refusals-test";
const ping = JSON.stringify({ type: "ping" });

/** Starts a server and opens a socket. */
async function open(env: Record<string, string>) {
  const { server, origin } = await serve([], {
    env: {
      TASKWIRE_API_KEYS: apiKey,
      TASKWIRE_LOG: "error",
      TASKWIRE_MESSAGE_RATE: "0",
      ...env,
    },
  });
  const ws = `${origin.replace("http", "ws")}/ws/realtime/a`;
  const socket = new TestSocket(ws);
  await socket.opened;
  return { server, origin, socket };
}

/** Sockets whose client has read an `error` frame. */
const refused = new WeakSet<TestSocket>();

/** Returns the code of a socket's last `error` frame, and the close code. */
async function endingOf(socket: TestSocket): Promise<unknown[]> {
  let last: Frame = {};
  for (;;) {
    const frame = await socket.nextFrame().catch(() => undefined);
    if (frame === undefined) return [last.code, (await socket.closed).code];
    if (frame.type !== "error") continue;
    last = frame;
    refused.add(socket);
  }
}

/**
 * Sends pings until the client reads the refusal, some in each turn of the
 * event loop. (After a second without a pause the server closes anyway.)
 */
function flood(socket: TestSocket): void {
  if (socket.raw.readyState !== WebSocket.OPEN || refused.has(socket)) return;
  for (let count = 0; count < 20; count++) socket.send(ping);
  setTimeout(() => flood(socket), 1);
}

Deno.test("a client that sends 2,000 pings at once receives rate_limited and 4429", async () => {
  const { server, socket } = await open({ TASKWIRE_MESSAGE_RATE: "20" });
  await using _ = server;
  for (let count = 0; count < 2_000; count++) socket.send(ping);
  assertEquals(await endingOf(socket), ["rate_limited", 4429]);
});

for (
  const [env, first, code, close] of [
    [{ TASKWIRE_MESSAGE_RATE: "20" }, [], "rate_limited", 4429],
    [
      { TASKWIRE_MAX_MESSAGE_BYTES: "1000" },
      ["x".repeat(1_001)],
      "message_too_big",
      1009,
    ],
    [{}, Array<string>(10).fill("?"), "too_many_bad_frames", 4400],
    [{ TASKWIRE_AUTH: "required" }, [], "authentication_required", 4401],
  ] as const
) {
  Deno.test(`a client that keeps sending receives ${code} and ${close}`, async () => {
    const { server, socket } = await open({ ...env });
    await using _ = server;
    for (const message of first) socket.send(message);
    flood(socket);
    assertEquals(await endingOf(socket), [code, close]);
  });
}

Deno.test("a client that keeps sending receives an operator's 4409", async () => {
  const { server, origin, socket } = await open({});
  await using _ = server;
  await socket.nextOf("sync");
  flood(socket);
  const headers = { Authorization: `Bearer ${apiKey}` };
  const url = `${origin}/api/connections`;
  const { text } = await answerOf(fetch(url, { headers }));
  const { connections: [connection] } = JSON.parse(text);
  await answerOf(
    fetch(`${url}/${connection.id}`, { method: "DELETE", headers }),
  );
  assertEquals(await endingOf(socket), ["disconnected_by_operator", 4409]);
});

Deno.test("a client that keeps sending receives 1012 when the server stops", async () => {
  const { server, socket } = await open({});
  await using _ = server;
  await socket.nextOf("sync");
  flood(socket);
  server.kill("SIGTERM");
  assertEquals(await endingOf(socket), ["server_restarting", 1012]);
});
