import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ProblemError } from "../../src/protocol/problem.ts";
import { createSseEncoder } from "../../src/sse/frames.ts";
import { SseTransport } from "../../src/sse/transport.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";
import { encodeError, encodeList } from "../../src/protocol/server_frames.ts";

function makeTransport() {
  const overs: true[] = [];
  const transport = new SseTransport({
    encode: createSseEncoder(),
    retryMs: 2_000,
    drainMs: 10_000,
    maxBufferedBytes: 1_000,
    onFinished: () => overs.push(true),
  });
  return { transport, overs };
}

function sync(offset: number, recovered: boolean, task: unknown = null) {
  return JSON.stringify({ type: "sync", epoch: "e", offset, recovered, task });
}

function task(offset: number, status: string) {
  return JSON.stringify({ type: "task", offset, status });
}

/** Returns the names of the events in a body, with retries and comments. */
async function namesOf(stream: ReadableStream | undefined) {
  const text = await new Response(stream ?? null).text();
  return text.split("\n").filter((line) => !/^(?:data|id):|^$/.test(line));
}

const terminal = { offset: 2, status: "failed" };

Deno.test("SseTransport.opened resolves with the first sync, to a body with all earlier frames", async () => {
  const { transport, overs } = makeTransport();
  transport.send('{"type":"connected"}');
  transport.send(encodeError({ code: "token_expired", message: "Too old" }));
  assertEquals(transport.isOpening, true);
  transport.send(sync(0, false));
  assertEquals(transport.isOpening, false);
  transport.close(closeCodes.normal);
  assertEquals(await namesOf(await transport.opened), [
    "retry: 2000",
    "event: connected",
    "event: error",
    "event: sync",
  ]);
  assertEquals(overs, []);
});

Deno.test("SseTransport.opened resolves with the first list", async () => {
  const { transport } = makeTransport();
  transport.send('{"type":"connected"}');
  assertEquals(transport.isOpening, true);
  transport.send(encodeList("mine", [], true));
  assertEquals(transport.isOpening, false);
  transport.close(closeCodes.normal);
  assertEquals(await namesOf(await transport.opened), [
    "retry: 2000",
    "event: connected",
    "event: list",
  ]);
});

Deno.test("SseTransport.opened rejects with the reason of an earlier close", async () => {
  const { transport } = makeTransport();
  transport.send(encodeError({ code: "token_expired", message: "Too old" }));
  transport.send(
    encodeError({
      code: "server_restarting",
      message: "Later",
      retryAfterMs: 1_500,
    }),
  );
  transport.close(closeCodes.tryAgainLater);
  const { problem } = await assertRejects(() => transport.opened, ProblemError);
  assertEquals(problem, {
    status: 503,
    code: "server_restarting",
    detail: "Too old. Later",
    headers: { "Retry-After": "2" },
  });
  assertEquals(transport.isOpening, false);
});

Deno.test("SseTransport.refuse() rejects with the fault", async () => {
  const { transport } = makeTransport();
  const fault = new Error("the store is down");
  transport.refuse(fault);
  assertEquals(await transport.opened.catch((error) => error), fault);
});

for (
  const [what, frames, opens] of [
    ["a resume at the end", [sync(2, true, terminal)], false],
    ["somebody new at the end", [sync(2, false, terminal)], true],
    [
      "a resume before the end",
      [sync(1, true, terminal), task(2, "failed")],
      true,
    ],
    [
      "live events",
      [sync(0, false), task(1, "running"), task(2, "failed")],
      true,
    ],
    [
      "another epoch in which it is over",
      [sync(0, false), task(1, "running"), sync(2, false, terminal)],
      true,
    ],
  ] as const
) {
  Deno.test(`SseTransport.send() sends one end event for ${what}`, async () => {
    const { transport, overs } = makeTransport();
    for (const [index, frame] of frames.entries()) {
      assertEquals(overs.length, 0);
      transport.send(frame);
      if (index < frames.length - 1) continue;
      assertEquals(overs.length, 1);
    }
    transport.close(closeCodes.normal);
    const stream = await transport.opened;
    assertEquals(stream !== undefined, opens);
    if (stream) assertEquals((await namesOf(stream)).at(-1), "event: end");
  });
}

Deno.test("SseTransport.send() continues after a failed attempt if the history has a further attempt", () => {
  const { transport, overs } = makeTransport();
  transport.send(sync(0, true, { offset: 3, status: "running" }));
  transport.send(task(1, "running"));
  transport.send(task(2, "failed"));
  transport.send(task(3, "running"));
  assertEquals(overs.length, 0);
  transport.send(task(4, "failed"));
  assertEquals(overs.length, 1);
});

Deno.test("SseTransport.send() takes no binary", () => {
  const { transport } = makeTransport();
  assertThrows(() => transport.send(new ArrayBuffer(1)), TypeError);
});

for (
  const [code, retry] of [
    [closeCodes.serviceRestart, ["retry: 12000"]],
    [closeCodes.disconnected, ["retry: 86400000"]],
    [closeCodes.forbidden, []],
    [closeCodes.tooSlow, []],
  ] as const
) {
  Deno.test(`SseTransport.close() with ${code} ends with ${JSON.stringify(retry)}`, async () => {
    const { transport } = makeTransport();
    transport.send(sync(0, false));
    transport.close(code);
    const names = await namesOf(await transport.opened);
    assertEquals(names.slice(2), [...retry]);
  });
}

Deno.test("SseTransport.close() drops data over the limit, and appends nothing", async () => {
  const { transport } = makeTransport();
  transport.send(sync(0, false, { data: "x".repeat(2_000) }));
  transport.close(closeCodes.serviceRestart);
  assertEquals(transport.bufferedAmount, 0);
  assertEquals(await namesOf(await transport.opened), []);
});

Deno.test("SseTransport.ping() adds a comment if no data is waiting", async () => {
  const { transport } = makeTransport();
  transport.send(sync(0, false));
  transport.ping(); // no ping needed while data is unread
  const reader = (await transport.opened)?.getReader();
  await reader?.read();
  const reading = reader?.read();
  transport.ping();
  const chunk = await reading;
  assertEquals(new TextDecoder().decode(chunk?.value), ": ping\n\n");
});
