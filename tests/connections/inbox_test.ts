import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  exceedsBytes,
  Inbox,
  type Message,
  type MessageHandler,
} from "../../src/connections/inbox.ts";

/** Creates an inbox with room, recording failures. */
function openInbox(
  start: () => MessageHandler | Promise<MessageHandler>,
  maxBytes = 10_000,
) {
  const failures: unknown[] = [];
  const inbox = new Inbox(start, maxBytes, (error) => failures.push(error));
  return { inbox, failures };
}

const broken = new Error("broken");

/** Runs all pending tasks except timers and I/O. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("Inbox.push() handles a message at once if none is pending", () => {
  const handled: Message[] = [];
  const { inbox } = openInbox(() => (message) => {
    handled.push(message);
  });
  assert(inbox.push("a"));
  assertEquals(handled, ["a"]);
  assert(inbox.push("b"));
  assertEquals(handled, ["a", "b"]);
});

Deno.test("Inbox.push() holds messages back until the start resolves, in order", async () => {
  const started = Promise.withResolvers<MessageHandler>();
  const handled: Message[] = [];
  const { inbox } = openInbox(() => started.promise);
  for (const message of ["a", "b", "c"]) assert(inbox.push(message));
  await settle();
  assertEquals(handled, []);
  started.resolve((message) => {
    handled.push(message);
  });
  await settle();
  assertEquals(handled, ["a", "b", "c"]);
});

Deno.test("Inbox.push() delays messages while a message is pending", async () => {
  const pending = Promise.withResolvers<void>();
  const handled: Message[] = [];
  const { inbox } = openInbox(() => (message) => {
    handled.push(message);
    if (message === "slow") return pending.promise;
  });
  for (const message of ["a", "slow", "b", "c"]) inbox.push(message);
  await settle();
  assertEquals(handled, ["a", "slow"]);
  pending.resolve();
  await settle();
  inbox.push("d");
  assertEquals(handled, ["a", "slow", "b", "c", "d"]);
});

Deno.test("Inbox.push() never lets handlers overlap", async () => {
  let running = 0;
  const handled: Message[] = [];
  const { inbox } = openInbox(() => async (message) => {
    running += 1;
    assertEquals(running, 1);
    await settle();
    running -= 1;
    handled.push(message);
  });
  const sent = Array.from({ length: 20 }, (_, index) => String(index));
  for (const message of sent) inbox.push(message);
  while (handled.length < sent.length) await settle();
  assertEquals(handled, sent);
});

for (
  const [way, start] of [
    ["throws at the start", () => {
      throw broken;
    }],
    ["rejects at the start", () => Promise.reject(broken)],
    ["throws in the handler", () => () => {
      throw broken;
    }],
    ["rejects in the handler", () => () => Promise.reject(broken)],
  ] satisfies [string, () => MessageHandler | Promise<MessageHandler>][]
) {
  Deno.test(`Inbox reports once if the endpoint ${way}, and handles nothing more`, async () => {
    const { inbox, failures } = openInbox(start);
    for (const message of ["a", "b", "c"]) assert(inbox.push(message));
    await settle();
    assert(inbox.push("d"));
    await settle();
    assertEquals(failures, [broken]);
  });
}

Deno.test("Inbox.push() says false when too much waits", () => {
  const { inbox } = openInbox(() => new Promise(() => {}), 1_000);
  assert(inbox.push(new ArrayBuffer(500)));
  assertFalse(inbox.push(new ArrayBuffer(500)));
});

Deno.test("Inbox.push() counts empty messages too, as they take memory", () => {
  const { inbox } = openInbox(() => new Promise(() => {}), 1_000);
  const taken = Array.from({ length: 1_000 }, () => inbox.push(""));
  assert(taken.filter(Boolean).length < 100);
});

Deno.test("Inbox.push() has room again once the waiting messages are handled", async () => {
  const handled: Message[] = [];
  const { inbox } = openInbox(() => async (message) => {
    await settle();
    handled.push(message);
  }, 1_000);
  for (let round = 1; round <= 5; round += 1) {
    assert(inbox.push(new ArrayBuffer(100)));
    assert(inbox.push(new ArrayBuffer(800)));
    while (handled.length < 2 * round) await settle();
  }
});

Deno.test("Inbox.stop() drops waiting and later messages", async () => {
  const started = Promise.withResolvers<MessageHandler>();
  const handled: Message[] = [];
  const { inbox, failures } = openInbox(() => started.promise);
  inbox.push("a");
  inbox.stop();
  started.resolve((message) => {
    handled.push(message);
  });
  await settle();
  assert(inbox.push("b"));
  assertEquals([handled, failures], [[], []]);
});

Deno.test("Inbox.stop() ignores later failures", async () => {
  const started = Promise.withResolvers<MessageHandler>();
  const { inbox, failures } = openInbox(() => started.promise);
  inbox.stop();
  started.reject(new Error("late"));
  await settle();
  assertEquals(failures, []);
});

Deno.test("exceedsBytes() counts bytes of UTF-8 for text and of the buffer for binary", () => {
  assertFalse(exceedsBytes("连", 3));
  assert(exceedsBytes("连", 2));
  assertFalse(exceedsBytes(new ArrayBuffer(3), 3));
  assert(exceedsBytes(new ArrayBuffer(4), 3));
});
