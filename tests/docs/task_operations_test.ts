import { assertEquals } from "@std/assert";
import {
  publishOperations,
  readOperations,
} from "../../src/docs/task_operations.ts";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import { makeApi, scoped } from "../support/api.ts";
import { assertAnswer } from "../support/documents.ts";
import { testApiKey } from "../support/server.ts";

const event = "POST /api/tasks/{connection_id}/events";
const many = "POST /api/events";
const cancel = "POST /api/tasks/{connection_id}/cancel";
const beat = "POST /api/tasks/{connection_id}/heartbeat";
const forget = "DELETE /api/tasks/{connection_id}";
const list = "GET /api/tasks";
const read = "GET /api/tasks/{connection_id}";
const history = "GET /api/tasks/{connection_id}/events";

/** Requests, in order, with the expected statuses. */
const requests: readonly (readonly [
  route: string,
  id: string,
  status: number,
  body?: string,
])[] = [
  [event, "a", 201, '{"status":"PENDING","total":10,"unit":"rows"}'],
  [event, "a", 201, '{"current":4,"message":"转码中","data":[1]}'],
  [event, "a", 201, '{"event_id":"x"}'],
  [event, "a", 201, '{"event_id":"x"}'],
  [event, "a", 400, "no JSON"],
  [event, "x".repeat(257), 400, "{}"],
  [event, "a", 413, " ".repeat(262_145)],
  [event, "a", 422, '{"progres":1}'],
  [event, "a", 422, "[]"],
  [event, "a", 409, '{"user_id":42}'],
  [beat, "a", 200, '{"wait":0}'],
  [beat, "a", 400, "no JSON"],
  [beat, "a", 422, '{"lease":1,"wait":1}'],
  [beat, "a", 413, " ".repeat(1_025)],
  [beat, "b", 404, "{}"],
  [beat, "x".repeat(257), 400, "{}"],
  [cancel, "a", 200],
  [cancel, "b", 404],
  [cancel, "x".repeat(257), 400],
  [read, "a", 200],
  [read, "b", 404],
  [read, "x".repeat(257), 400],
  [list, "?limit=1", 200],
  [list, "?limit=0", 400],
  [list, "?status=done", 400],
  [history, "a", 200],
  [history, "a?epoch=other&offset=1", 200],
  [history, "a?limit=0", 400],
  [history, "b", 404],
  [
    many,
    "",
    200,
    '{"connection_id":"a","progress":1}\nno JSON\n{}\n{"connection_id":"a","x":1}\n[]',
  ],
  [many, "", 200, ""],
  [event, "a", 201, '{"status":"done"}'],
  [event, "a", 409, "{}"],
  [beat, "a", 409, "{}"],
  [cancel, "a", 409],
  [forget, "a", 204],
  [forget, "a", 404],
  [forget, "x".repeat(257), 400],
];

/** Returns the URL of a route and an id, with a query. */
function requestOf(route: string, idAndQuery: string): string {
  const [id = "", query] = idAndQuery.split("?");
  const path = route.replace("{connection_id}", id);
  return query === undefined ? path : `${path}?${query}`;
}

Deno.test("publishOperations and readOperations describe a server's answers", async () => {
  const { call } = await makeApi();
  for (const [route, id, status, body] of requests) {
    const answer = await call(
      requestOf(route, id),
      body === undefined ? {} : { body },
    );
    if (body === "" && answer.text === "") continue;
    assertEquals(answer.status, status, `${route} ${id} ${answer.text}`);
    assertAnswer(route, answer);
  }
  const seen = new Set(requests.map(([route]) => route));
  const all = [...publishOperations, ...readOperations];
  assertEquals(
    [...seen].sort(),
    all.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort(),
  );
});

const authorized = { Authorization: `Bearer ${testApiKey}` };

for (const [route, announced] of [[event, false], [many, true]] as const) {
  Deno.test(`${route} answers a broken body as documented`, async () => {
    const { call } = await makeApi();
    const body = new ReadableStream({
      pull: (controller) => controller.error(new Error("broken")),
    });
    const answer = await call(requestOf(route, "a"), {
      body,
      headers: {
        ...authorized,
        ...(announced ? { "Content-Length": "9" } : {}),
      },
    });
    assertEquals(answer.status, 400);
    assertAnswer(route, answer);
  });
}

for (const route of [event, many]) {
  Deno.test(`${route} refuses an encoded body as documented`, async () => {
    const { call, services } = await makeApi();
    const answer = await call(requestOf(route, "a"), {
      body: '{"connection_id":"a"}',
      headers: { ...authorized, "Content-Encoding": "gzip" },
    });
    assertEquals(answer.status, 415);
    assertEquals(answer.headers.get("accept-encoding"), "identity");
    assertAnswer(route, answer);
    assertEquals((await services.store.read("a")).offset, 0);
  });
}

for (const { method, path } of [...publishOperations, ...readOperations]) {
  const route = `${method.toUpperCase()} ${path}`;
  const request = requestOf(route, "a");
  const init = method === "post" ? { body: "{}" } : {};

  Deno.test(`${route} is refused as documented`, async () => {
    const { call } = await makeApi();
    for (
      const [key, status] of [["", 401], ["no-key", 401], [
        await scoped("other"),
        403,
      ]] as const
    ) {
      const answer = await call(request, { ...init, key });
      assertEquals(answer.status, status);
      assertAnswer(route, answer);
    }
  });

  Deno.test(`${route} fails with its store as documented`, async () => {
    const down = () => Promise.reject(new StoreUnavailableError("down"));
    const { call } = await makeApi({}, ({ store }) => ({
      store: {
        ...store,
        publish: down,
        publishAll: down,
        read: down,
        list: down,
        forget: down,
      },
    }));
    const answer = await call(request, init);
    assertEquals(answer.status, path === "/api/events" ? 200 : 503);
    assertAnswer(route, answer);
  });
}
