import { assert, assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { rawHandshake } from "../support/handshake.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

/** The runtime's own limits, for which it has no options: a change of them should be noticed. */
const runtimeLimits: [
  criterion: string,
  path: string,
  headers: Record<string, string>,
  isServed: boolean,
][] = [
  ["a header of 60 kB", "/ws/test/a", { "X-Big": "a".repeat(60_000) }, true],
  ["a header of 1 MB", "/ws/test/a", { "X-Big": "a".repeat(1_000_000) }, false],
  ["90 headers", "/ws/test/a", numbered(90), true],
  ["1,000 headers", "/ws/test/a", numbered(1_000), false],
  ["a query of 60 kB", `/ws/test/a?q=${"a".repeat(60_000)}`, {}, true],
  ["a query of 1 MB", `/ws/test/a?q=${"a".repeat(1_000_000)}`, {}, false],
  [
    "a token of 1 MB",
    `/ws/realtime/a?token=${"a".repeat(1_000_000)}`,
    {},
    false,
  ],
];

for (const [criterion, path, headers, isServed] of runtimeLimits) {
  const outcome = isServed ? "it is served" : "it is refused";
  Deno.test(`webSocketHandler() lives on after a handshake with ${criterion}: ${outcome}`, async () => {
    await using server = await startTestServer();
    await using old = new TestSocket(server.ws("/ws/test/old"));
    await old.nextOf("connected");

    const status = await rawHandshake(server.ws(path), headers)
      .then((answer) => answer.status, whereHungUp);
    // Deno 2.4 says 431, and the answer may be lost with what was not read.
    assert((isServed ? [101] : [400, 431, undefined]).includes(status));

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
