import { assertEquals } from "@std/assert";
import {
  encodeMessage,
  Link,
  type LinkOptions,
} from "../../src/workers/link.ts";
import { pipes } from "../support/linked.ts";

/** A message of the tests. */
type Head = { readonly n: number; readonly text?: string };

/** The ends of a link, and the messages received by the second end. */
function createLink(options: Partial<LinkOptions<Head>> = {}) {
  const [ours, theirs] = pipes();
  const taken: [Head, readonly string[]][] = [];
  const ended = Promise.withResolvers<void>();
  let onTaken = () => {};
  const sender = new Link<Head, Head>(ours, {
    onMessage: () => {},
    onEnd: () => {},
    ...options,
  });
  const takesAll = (count: number) =>
    new Promise<void>((resolve) => {
      onTaken = () => taken.length >= count ? resolve() : undefined;
      onTaken();
    });
  const receive = () =>
    new Link<Head, Head>(theirs, {
      onMessage(head, texts) {
        taken.push([head, texts]);
        onTaken();
      },
      onEnd: ended.resolve,
    });
  return { sender, receive, taken, takesAll, ended: ended.promise, theirs };
}

Deno.test("Link passes messages in order, with their texts as they are", async () => {
  const { sender, receive, taken, takesAll } = createLink();
  const receiver = receive();
  const json = JSON.stringify({ data: "a\tb\nc\r\u2028✅\ud800" });
  sender.send({ n: 1, text: "line\nend, tab\t, ✅" });
  sender.send({ n: 2 }, [json, "{}"]);
  sender.push(encodeMessage({ n: 3 }, [json]));
  await takesAll(3);
  assertEquals(taken, [
    [{ n: 1, text: "line\nend, tab\t, ✅" }, []],
    [{ n: 2 }, [json, "{}"]],
    [{ n: 3 }, [json]],
  ]);
  await sender.close();
  await receiver.close();
});

Deno.test("Link passes a message larger than a pipe", async () => {
  const { sender, receive, taken, takesAll } = createLink();
  const receiver = receive();
  const text = "✅".repeat(1_000_000);
  sender.send({ n: 1, text });
  sender.send({ n: 2 });
  await takesAll(2);
  assertEquals(taken.map(([{ n, text }]) => [n, text?.length ?? 0]), [
    [1, text.length],
    [2, 0],
  ]);
  await sender.close();
  await receiver.close();
});

Deno.test("Link writes all messages of a turn at once", async () => {
  const { sender, theirs } = createLink();
  for (let n = 0; n < 100; n++) sender.send({ n });
  const reader = theirs.readable.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value).split("\n").length, 101);
  await reader.cancel();
  await sender.close();
});

Deno.test("Link.close() writes waiting messages, and ends the far end", async () => {
  const { sender, receive, taken, ended } = createLink();
  const receiver = receive();
  sender.send({ n: 1 });
  await sender.close();
  await ended;
  assertEquals(taken.length, 1);
  sender.send({ n: 2 }); // silently
  await receiver.close();
});

Deno.test("Link ends if the far end stops reading", async () => {
  const ended = Promise.withResolvers<void>();
  const { sender, theirs } = createLink({ onEnd: ended.resolve });
  await theirs.readable.cancel();
  sender.send({ n: 1 });
  await ended.promise;
  await sender.close();
});

Deno.test("Link ends at a malformed message", async () => {
  const ended = Promise.withResolvers<void>();
  const { sender, theirs } = createLink({ onEnd: ended.resolve });
  const writer = theirs.writable.getWriter();
  await writer.write(new TextEncoder().encode("Warning: something\n"));
  await ended.promise;
  await theirs.readable.cancel();
  await sender.close();
});

Deno.test("Link.push() has a limit, without counting replies", async () => {
  let overflows = 0;
  const line = encodeMessage({ n: 1 });
  const { sender, receive, taken, takesAll } = createLink({
    maxPushed: 2 * line.length,
    onOverflow: () => overflows += 1,
  });
  sender.send({ n: 0, text: "x".repeat(1_000) });
  for (let count = 0; count < 3; count++) sender.push(line);
  assertEquals(overflows, 1);
  const receiver = receive();
  await takesAll(3);
  // Written messages have made room, and the next message is written
  // afterwards.
  sender.send({ n: 2 });
  await takesAll(4);
  sender.push(line);
  await takesAll(5);
  assertEquals([taken.length, overflows], [5, 1]);
  await sender.close();
  await receiver.close();
});
