import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { rawHandshake } from "../support/handshake.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

/** The runtime's own limits, for which it has no options: a change of them should be noticed. */
const runtimeLimits: [
  criterion: string,
  path: string,
  headers: Record<string, string>,
  status: number,
][] = [
  ["a header of 60 kB", "/ws/test/a", { "X-Big": "a".repeat(60_000) }, 101],
  ["a header of 1 MB", "/ws/test/a", { "X-Big": "a".repeat(1_000_000) }, 400],
  ["90 headers", "/ws/test/a", numbered(90), 101],
  ["1,000 headers", "/ws/test/a", numbered(1_000), 400],
  ["a query of 60 kB", `/ws/test/a?q=${"a".repeat(60_000)}`, {}, 101],
  ["a query of 1 MB", `/ws/test/a?q=${"a".repeat(1_000_000)}`, {}, 400],
  [
    "a token of 1 MB",
    `/ws/realtime/a?token=${"a".repeat(1_000_000)}`,
    {},
    400,
  ],
];

for (const [criterion, path, headers, status] of runtimeLimits) {
  Deno.test(`webSocketHandler() lives on after a handshake with ${criterion}: ${status}`, async () => {
    await using server = await startTestServer();
    await using old = new TestSocket(server.ws("/ws/test/old"));
    await old.nextOf("connected");

    const answered = await rawHandshake(server.ws(path), headers)
      .then((answer) => answer.status, whereHungUp);
    // The runtime hangs up on what it does not read: the 400 may be lost by that.
    assertEquals(answered ?? 400, status);

    old.send("still here");
    assertEquals(await old.next(), "still here");
    const health = await answerOf(fetch(`${server.origin}/healthz`));
    assertEquals(health.status, 200);
  });
}

/** So many headers. */
function numbered(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`X-${index}`, "1"]),
  );
}

function whereHungUp(error: unknown): undefined {
  const isHungUp = error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
  if (!isHungUp) throw error;
}
