import { assert, assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { rawHandshake } from "../support/handshake.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

/** The fixed limits of the runtime: the test shows changes. */
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
    // Deno 2.4 answers 431, and the answer may be lost with unread data.
    assert((isServed ? [101] : [400, 431, undefined]).includes(status));

    old.send("still here");
    assertEquals(await old.next(), "still here");
    const health = await answerOf(fetch(`${server.origin}/healthz`));
    assertEquals(health.status, 200);
  });
}

/** Returns a number of headers. */
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
