import { assert, assertEquals, assertRejects } from "@std/assert";
import { fetchKeySet } from "../../src/auth/key_set_source.ts";
import { startKeyServer } from "../support/key_server.ts";

const set = '{"keys":[]}';

Deno.test("fetchKeySet() returns the text unchanged", async () => {
  const text = `${set} `.padEnd(262_144, " ");
  await using server = startKeyServer(() => new Response(text));
  assertEquals(await fetchKeySet(server.url), text);
});

const unreadable: Record<string, () => Response> = {
  "HTTP 500": () => new Response(set, { status: 500 }),
  "HTTP 404": () => new Response(set, { status: 404 }),
  "HTTP 304": () => new Response(null, { status: 304 }),
  "larger than 262144 bytes": () => new Response(" ".repeat(262_145)),
  "another origin, https://127.0.0.1:": () =>
    Response.redirect("https://127.0.0.1/"),
  "another origin, http://127.0.0.1:1:": () =>
    Response.redirect("http://127.0.0.1:1/"),
  "another origin, null": () =>
    new Response(null, { status: 302, headers: { location: "file:///etc/x" } }),
  "more than 3 times": () =>
    new Response(null, { status: 307, headers: { location: "?again" } }),
};

for (const [reason, answer] of Object.entries(unreadable)) {
  Deno.test(`fetchKeySet() rejects an answer: ${reason}`, async () => {
    await using server = startKeyServer(answer);
    await assertRejects(() => fetchKeySet(server.url), Error, reason);
  });
}

Deno.test("fetchKeySet() rejects text that is not UTF-8", async () => {
  await using server = startKeyServer(() => new Response(Uint8Array.of(233)));
  await assertRejects(() => fetchKeySet(server.url), TypeError);
});

Deno.test("fetchKeySet() stops reading an endless body at the limit", async () => {
  let sent = 0;
  let isCanceled = false;
  const endless = () =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += 65_536;
          controller.enqueue(new Uint8Array(65_536).fill(32));
        },
        cancel: () => void (isCanceled = true),
      }),
    );
  {
    await using server = startKeyServer(endless);
    await assertRejects(() => fetchKeySet(server.url), Error, "larger than");
  }
  assert(isCanceled && sent < 16 * 1_048_576, `${sent} bytes`);
});

Deno.test("fetchKeySet() follows redirects within the origin", async () => {
  await using server = startKeyServer(() => {
    server.answer = () => new Response(set);
    return new Response(null, { status: 302, headers: { location: "/moved" } });
  });
  assertEquals(await fetchKeySet(server.url), set);
});
