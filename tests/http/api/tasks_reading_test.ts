import { assertEquals, assertFalse } from "@std/assert";
import { type Answer, answerOf } from "../../support/answer.ts";
import { makeApi } from "../../support/api.ts";
import { published } from "../../support/published.ts";
import { openRealtime, subscribe } from "../../support/realtime.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";
import { upTo } from "../../support/watching.ts";

/** Asserts a refusal in the form of RFC 9457. */
function assertProblem(
  { status, headers, json }: Answer,
  expected: readonly [status: number, code: string],
): void {
  assertEquals<unknown>([status, json().code], expected);
  assertEquals(json().status, status);
  assertEquals(headers.get("content-type"), "application/problem+json");
}

function offsetsOf({ json }: Answer): unknown[] {
  return (json().events as { offset: number }[]).map(({ offset }) => offset);
}

Deno.test("GET task answers the snapshot with the number of watchers", async () => {
  await using server = await startTestServer();
  const read = () =>
    answerOf(fetch(`${server.origin}/api/tasks/a`, {
      headers: { Authorization: `Bearer ${testApiKey}` },
    }));
  await published(server, "a", { message: "begun", user_id: "7" }, {
    progress: 0.5,
  });
  const { state } = await server.services.store.read("a");
  const { status, json } = await read();
  assertEquals(status, 200);
  assertEquals<unknown>(json(), { ...state?.snapshot, watchers: 0 });
  assertFalse("user_id" in json());

  await using _ = await openRealtime(server, "a", { sub: "7" });
  await using other = await openRealtime(server, "b", { sub: "7" });
  await subscribe(other, "a");
  assertEquals((await read()).json().watchers, 2);
});

Deno.test("GET task has cancel_requested until a new attempt", async () => {
  const { call, put, services } = await makeApi();
  await put("a", {});
  await services.store.publish("a", { kind: "cancel" });
  assertEquals((await call("GET /api/tasks/a")).json().cancel_requested, true);
  await put("a", { attempt: 2 });
  assertFalse("cancel_requested" in (await call("GET /api/tasks/a")).json());
});

Deno.test("GET task and history answer 404 if nothing was published", async () => {
  const { call } = await makeApi();
  for (const path of ["a", "a/events", "a/b", "a%2Fevents"]) {
    const answer = await call(`GET /api/tasks/${path}`);
    assertProblem(answer, [404, "task_unknown"]);
  }
});

Deno.test("GET history answers the stored events", async () => {
  const { call, put, services } = await makeApi();
  await put("a", { message: "begun", data: { frame: 1 } }, { progress: 0.5 });
  const { epoch } = await services.store.read("a");
  const view = await services.store.read("a", { epoch, offset: 0 });
  const { status, json } = await call("GET /api/tasks/a/events");
  assertEquals(status, 200);
  assertEquals<unknown>(json(), {
    connection_id: "a",
    epoch,
    offset: 2,
    recovered: true,
    events: view.events.map(({ json }) => JSON.parse(json)),
  });
});

Deno.test("GET history begins after the offset, and ends at the limit", async () => {
  const { call, put } = await makeApi();
  await put("a", ...upTo(7).map(() => ({})));
  for (
    const [query, offsets] of [
      ["", upTo(7)],
      ["?offset=0", upTo(7)],
      ["?offset=5", [6, 7]],
      ["?offset=7", []],
      ["?limit=2", [1, 2]],
      ["?offset=2&limit=3", [3, 4, 5]],
      ["?limit=1000", upTo(7)],
    ] as const
  ) {
    const answer = await call(`GET /api/tasks/a/events${query}`);
    const { recovered, offset } = answer.json();
    assertEquals([recovered, offset], [true, 7], query);
    assertEquals(offsetsOf(answer), [...offsets], query);
  }
});

Deno.test("GET history answers 100 events unless asked for more", async () => {
  const { call, put } = await makeApi();
  await put("a", ...upTo(101).map(() => ({})));
  assertEquals(offsetsOf(await call("GET /api/tasks/a/events")), upTo(100));
});

Deno.test("GET history continues with the epoch and reports lost history", async () => {
  const { call, put, services } = await makeApi();
  await put("a", {}, {});
  const { epoch } = await services.store.read("a");
  const path = "GET /api/tasks/a/events";
  const same = await call(`${path}?epoch=${epoch}&offset=1`);
  assertEquals([same.json().recovered, offsetsOf(same)], [true, [2]]);
  for (const query of ["epoch=other", "epoch=other&offset=1", "offset=3"]) {
    const answer = await call(`${path}?${query}`);
    const { status, json } = answer;
    assertEquals([status, json().recovered], [200, false], query);
    assertEquals([json().epoch, offsetsOf(answer)], [epoch, []], query);
  }
});

Deno.test("GET history begins at the start of a trimmed history", async () => {
  const { call, put } = await makeApi({ historyLimit: 3 });
  await put("a", ...upTo(10).map(() => ({})));
  const path = "GET /api/tasks/a/events";
  const all = await call(path);
  assertEquals([all.json().recovered, offsetsOf(all)], [true, [8, 9, 10]]);
  assertEquals(offsetsOf(await call(`${path}?offset=7`)), [8, 9, 10]);
  for (const offset of [0, 6]) {
    const { status, json } = await call(`${path}?offset=${offset}`);
    assertEquals([status, json().recovered, json().offset], [200, false, 10]);
    assertEquals(json().events, []);
  }
});

for (
  const query of [
    "limit=0",
    "limit=1001",
    "limit=",
    "limit=x",
    "limit=-1",
    "limit=1.5",
    "limit=1e2",
    "limit=0x10",
    "offset=-1",
    "offset=x",
    "offset=",
    "offset=9999999999999999",
  ]
) {
  Deno.test(`GET history answers 400 to ?${query}`, async () => {
    const { call, put } = await makeApi();
    await put("a", {});
    const answer = await call(`GET /api/tasks/a/events?${query}`);
    assertProblem(answer, [400, "bad_query"]);
    const name = query.split("=")[0];
    assertEquals(String(answer.json().detail).split(":")[0], name);
  });
}

for (
  const [path, id] of [
    ["a/b/c", "a/b/c"],
    ["a%2Fb%2Fc", "a/b/c"],
    ["a%2Fb/c", "a/b/c"],
    ["a%2Fevents", "a/events"],
    ["a%2Fcancel", "a/cancel"],
    ["events", "events"],
    ["a%252Fb", "a%2Fb"],
    ["%E4%B8%8A%E4%BC%A0", "上传"],
  ] as const
) {
  Deno.test(`GET task and history know ${path} as ${id}`, async () => {
    const { call, put } = await makeApi();
    await put(id, { message: "here" });
    const { json } = await call(`GET /api/tasks/${path}`);
    assertEquals([json().connection_id, json().message], [id, "here"]);
    const history = await call(`GET /api/tasks/${path}/events`);
    assertEquals(history.json().connection_id, id);
    assertEquals(offsetsOf(history), [1]);
  });
}

for (const path of ["a".repeat(257), "%00", "a%0Ab", "%ff", "a%"]) {
  Deno.test(`GET task and history answer 400 to ${path.slice(0, 9)}`, async () => {
    const { call } = await makeApi();
    for (const end of ["", "/events"]) {
      const answer = await call(`GET /api/tasks/${path}${end}`);
      assertProblem(answer, [400, "bad_connection_id"]);
    }
  });
}
