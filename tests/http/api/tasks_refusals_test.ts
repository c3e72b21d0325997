import { assertEquals } from "@std/assert";
import { createApp } from "../../../src/app.ts";
import { createServices } from "../../../src/create_services.ts";
import { type Answer, answerOf } from "../../support/answer.ts";
import {
  startTestServer,
  testApiKey,
  testConfig,
} from "../../support/server.ts";

/** Posts bodies one after the other to a fresh API; returns the answers. */
type Body = NonNullable<RequestInit["body"]>;

async function post(
  bodies: readonly Body[],
  { id = "a", headers = {} }: { id?: string; headers?: HeadersInit } = {},
): Promise<Answer> {
  const app = createApp(await createServices(testConfig()));
  let answer: Answer | undefined;
  for (const body of bodies) {
    answer = await answerOf(app.request(`/api/tasks/${id}/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${testApiKey}`, ...headers },
      body,
    }));
  }
  if (answer === undefined) throw new RangeError("No body");
  return answer;
}

const titles: Record<number, string> = {
  400: "Bad Request",
  409: "Conflict",
  413: "Content Too Large",
  422: "Unprocessable Content",
};

/** Asserts a problem body with exactly the members of RFC 9457 and `code`. */
function assertProblem(answer: Answer, status: number, code: string): void {
  const { detail, ...rest } = answer.json();
  assertEquals(answer.status, status);
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assertEquals(rest, {
    type: "about:blank",
    title: titles[status],
    status,
    code,
  });
  assertEquals(typeof detail, "string");
}

for (
  const body of [
    "",
    "{",
    "progress=0.5",
    "{'progress':0.5}",
    '{"progress":NaN}',
  ]
) {
  Deno.test(`POST events answers 400 bad_json to ${JSON.stringify(body)}`, async () => {
    assertProblem(await post([body]), 400, "bad_json");
  });
}

for (
  const [id, criterion] of [
    ["a".repeat(257), "of 257 characters"],
    ["a%00b", "with a NUL"],
    ["a%0Ab", "with a line feed"],
    ["a%7F", "with DEL"],
    ["a%zz", "with a bad escape"],
    ["a%FF", "that is no UTF-8"],
  ] as const
) {
  Deno.test(`POST events answers 400 to a connection_id ${criterion}`, async () => {
    assertProblem(await post(["{}"], { id }), 400, "bad_connection_id");
  });
}

for (
  const [body, named] of [
    ["null", "object"],
    ["[]", "object"],
    ['"running"', "object"],
    ['{"progres":0.5}', "progres"],
    ['{"status":"jogging"}', "status"],
    ['{"status":"lost"}', "status"],
    ['{"progress":1.5}', "progress"],
    ['{"progress":"0.5"}', "progress"],
    ['{"attempt":0}', "attempt"],
    ['{"current":-1}', "current"],
    ['{"lease":0}', "lease"],
    ['{"user_id":""}', "user_id"],
    ['{"user_id":1.5}', "user_id"],
    ['{"event_id":""}', "event_id"],
    [`{"message":"${"x".repeat(1_001)}"}`, "message"],
    [`{"data":"${"x".repeat(65_535)}"}`, "data"],
  ] as const
) {
  const shown = body.length > 40 ? `${body.slice(0, 20)}…` : body;
  Deno.test(`POST events answers 422 to ${shown}, and names the fault`, async () => {
    const answer = await post([body]);
    assertProblem(answer, 422, "bad_event");
    assertEquals(String(answer.json().detail).includes(named), true);
  });
}

Deno.test("POST events names every fault", async () => {
  const { json } = await post(['{"progress":2,"attempt":0,"x":1}']);
  for (const name of ["progress", "attempt", "x"]) {
    assertEquals(String(json().detail).includes(name), true, name);
  }
});

Deno.test("POST events answers 422 to an Idempotency-Key that is too long", async () => {
  const headers = { "Idempotency-Key": "k".repeat(257) };
  assertProblem(await post(["{}"], { headers }), 422, "bad_event");
});

for (
  const [code, bodies] of [
    ["task_finished", ['{"status":"succeeded"}', '{"progress":1}']],
    ["task_finished", ['{"status":"failed"}', '{"status":"failed"}']],
    ["attempt_outdated", ['{"attempt":2}', '{"attempt":1}']],
    ["owner_fixed", ['{"user_id":"1"}', '{"user_id":"2"}']],
    ["owner_fixed", ["{}", '{"user_id":"1"}']],
  ] as const
) {
  Deno.test(`POST events answers 409 ${code} to ${bodies[1]} after ${bodies[0]}`, async () => {
    assertProblem(await post(bodies), 409, code);
  });
}

/** Creates a body of a number of bytes, with a known length or without. */
function bodyOf(bytes: number, isChunked: boolean): Body {
  const body = new TextEncoder().encode("{}".padEnd(bytes));
  return isChunked
    ? ReadableStream.from([body.subarray(0, 200_000), body.subarray(200_000)])
    : body;
}

for (const isChunked of [false, true]) {
  const kind = isChunked ? "chunked body" : "body of a known length";

  Deno.test(`POST events answers 413 to a ${kind} over 256 KiB`, async () => {
    const answer = await post([bodyOf(262_145, isChunked)]);
    assertProblem(answer, 413, "body_too_large");
  });

  Deno.test(`POST events accepts a ${kind} of 256 KiB`, async () => {
    await using server = await startTestServer();
    const { status } = await answerOf(
      fetch(`${server.origin}/api/tasks/a/events`, {
        method: "POST",
        headers: { Authorization: `Bearer ${testApiKey}` },
        body: bodyOf(262_144, isChunked),
      }),
    );
    assertEquals(status, 201);
  });
}

Deno.test("POST events answers 413 and keeps the connection open", async () => {
  await using server = await startTestServer();
  const over = await answerOf(
    server.publish("a", { data: "x".repeat(300_000) }),
  );
  assertProblem(over, 413, "body_too_large");
  assertEquals((await answerOf(server.publish("a", {}))).status, 201);
});
