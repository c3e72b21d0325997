import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { SseBody } from "../../src/sse/body.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const decode = (chunk: Uint8Array = new Uint8Array()) =>
  new TextDecoder().decode(new Uint8Array(chunk));

Deno.test("SseBody.waitingBytes counts the unread bytes", () => {
  const body = new SseBody();
  body.write(bytes("连"));
  body.write(bytes("a"));
  assertEquals(body.waitingBytes, 4);
});

Deno.test("SseBody.write() hands over bytes to a waiting reader", async () => {
  const body = new SseBody();
  const reader = body.stream.getReader();
  const reading = reader.read();
  await Promise.resolve();
  body.write(bytes("a"));
  assertEquals(body.waitingBytes, 0);
  body.write(bytes("b"));
  assertEquals(body.waitingBytes, 1);
  assertEquals(decode((await reading).value), "a");
  assertEquals(decode((await reader.read()).value), "b");
});

Deno.test("SseBody.stream can be cancelled by a waiting reader", async () => {
  const body = new SseBody();
  const reader = body.stream.getReader();
  const reading = reader.read();
  await Promise.resolve();
  await reader.cancel();
  assertEquals((await reading).done, true);
  body.write(bytes("a"));
  assertEquals(body.waitingBytes, 0);
});

Deno.test("SseBody.write() joins waiting pieces", async () => {
  const body = new SseBody();
  for (const text of ["a", "b", "c"]) body.write(bytes(text));
  const { value } = await body.stream.getReader().read();
  assertEquals([decode(value), body.waitingBytes], ["abc", 0]);
});

Deno.test("SseBody hands over at most 64 KiB at a time, in order and complete", async () => {
  const body = new SseBody();
  const sizes = [1, 65_536, 70_000, 3, 200_000, 65_535];
  const all = new Uint8Array(sizes.reduce((sum, size) => sum + size));
  for (const index of all.keys()) all[index] = index * 7 % 251;
  let at = 0;
  for (const size of sizes) body.write(all.slice(at, at += size));
  body.end();
  const read = new Uint8Array(all.length);
  let length = 0;
  for await (const chunk of body.stream) {
    assertLessOrEqual(chunk.length, 65_536);
    read.set(chunk, length);
    length += chunk.length;
    assertEquals(body.waitingBytes, all.length - length);
  }
  assert(read.every((byte, index) => byte === all[index]));
});

Deno.test("SseBody.write() leaves the shared bytes unchanged", async () => {
  const shared = bytes("a".repeat(100_000));
  for (let round = 0; round < 2; round += 1) {
    const body = new SseBody();
    body.write(shared);
    body.end();
    assertEquals((await new Response(body.stream).text()).length, 100_000);
  }
  assertEquals(shared.length, 100_000);
});

Deno.test("SseBody.end() ends after the waiting bytes, and refuses more", async () => {
  const body = new SseBody();
  body.write(bytes("a"));
  body.end();
  body.end();
  body.write(bytes("b"));
  assertEquals(await new Response(body.stream).text(), "a");
});

Deno.test("SseBody.end() ends at once for a waiting reader", async () => {
  const body = new SseBody();
  const text = new Response(body.stream).text();
  await Promise.resolve();
  body.end();
  assertEquals(await text, "");
});

Deno.test("SseBody.drop() drops the waiting bytes", async () => {
  const body = new SseBody();
  body.write(bytes("a"));
  body.drop();
  assertEquals(body.waitingBytes, 0);
  body.write(bytes("b"));
  body.end();
  assertEquals(await new Response(body.stream).text(), "b");
});

Deno.test("SseBody keeps no bytes for a disconnected client", async () => {
  const body = new SseBody();
  body.write(bytes("a"));
  await body.stream.cancel();
  assertEquals(body.waitingBytes, 0);
  body.write(bytes("b"));
  assertEquals(body.waitingBytes, 0);
  body.end();
});
