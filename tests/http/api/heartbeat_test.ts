import { assertEquals, assertStringIncludes } from "@std/assert";
import { Hono } from "hono";
import { heartbeatHandler } from "../../../src/http/api/heartbeat.ts";
import { answerOf } from "../../support/answer.ts";
import { eventually } from "../../support/eventually.ts";
import { type Api, makeApi, scoped } from "../../support/api.ts";

/** Sends a heartbeat of task `a`. */
function beat({ call }: Api, body?: unknown, path = "a") {
  return call(`POST /api/tasks/${path}/heartbeat`, {
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Resolves once a heartbeat of task `a` waits. */
async function heard({ services }: Api): Promise<void> {
  await eventually(() => Promise.resolve(services.hub.listenerCount("a") > 0));
}

Deno.test("POST heartbeat renews the lease, and adds nothing to the history", async () => {
  const api = await makeApi();
  await api.put("a", { lease: 1, progress: 0.5 });
  const { status, text } = await beat(api, { lease: 60 });
  const { state, offset } = await api.services.store.read("a");
  const lease_ends_at = new Date(state?.leaseEndsAtMs ?? 0).toISOString();
  assertEquals(status, 200);
  assertEquals(
    text,
    JSON.stringify({
      connection_id: "a",
      status: "running",
      attempt: 1,
      cancel_requested: false,
      lease_ends_at,
    }),
  );
  assertEquals([offset, state?.leaseMs], [1, 60_000]);
  api.services.leases.stop();
});

Deno.test("POST heartbeat takes an empty body, and names no lease without one", async () => {
  const api = await makeApi();
  await api.put("a/b", { status: "queued", attempt: 3 });
  const { status, ...answer } = await beat(api, undefined, "a/b");
  assertEquals(status, 200);
  assertEquals(answer.json(), {
    connection_id: "a/b",
    status: "queued",
    attempt: 3,
    cancel_requested: false,
  });
});

Deno.test("POST heartbeat answers at once if the worker was asked to stop", async () => {
  const api = await makeApi();
  await api.put("a", {});
  await api.call("POST /api/tasks/a/cancel");
  const answer = await beat(api, { lease: 61, wait: 60 });
  assertEquals(answer.json().cancel_requested, true);
  api.services.leases.stop();
});

Deno.test("POST heartbeat answers as soon as the worker is asked to stop", async () => {
  const api = await makeApi();
  await api.put("a", {});
  const answers = [1, 2].map(() => beat(api, { wait: 60 }));
  await eventually(() =>
    Promise.resolve(api.services.hub.listenerCount("a") === 2)
  );
  assertEquals(api.services.hub.watcherCount("a"), 0);
  await api.call("POST /api/tasks/a/cancel");
  for (const answer of await Promise.all(answers)) {
    assertEquals([answer.status, answer.json().cancel_requested], [200, true]);
  }
  assertEquals(api.services.hub.listenerCount("a"), 0);
});

Deno.test("POST heartbeat answers after the wait with the task as it is then", async () => {
  const api = await makeApi();
  await api.put("a", {});
  const answer = beat(api, { wait: 0.2 });
  await heard(api);
  await api.put("a", { status: "succeeded" });
  assertEquals((await answer).json().status, "succeeded");
});

Deno.test("POST heartbeat answers at once while the server drains", async () => {
  const api = await makeApi();
  await api.put("a", {});
  const answer = beat(api, { wait: 60 });
  await heard(api);
  api.services.registry.beginDrain();
  assertEquals((await answer).json().cancel_requested, false);
  assertEquals((await beat(api, { wait: 60 })).status, 200);
});

Deno.test("POST heartbeat stops waiting for a client that has gone", async () => {
  const api = await makeApi();
  await api.put("a", {});
  const client = new AbortController();
  const answer = api.call("POST /api/tasks/a/heartbeat", {
    body: '{"wait":60}',
    signal: client.signal,
  });
  await heard(api);
  client.abort();
  await answer;
  assertEquals(api.services.hub.listenerCount("a"), 0);
});

Deno.test("heartbeatHandler() answers at once beyond the most that wait", async () => {
  const api = await makeApi();
  await api.put("a", {});
  const handle = heartbeatHandler(api.services, 1);
  const app = new Hono().post(
    "/:connection_id/heartbeat",
    (c) => handle(c, {}),
  );
  const send = () =>
    answerOf(
      app.request("/a/heartbeat", { method: "POST", body: '{"wait":60}' }),
    );
  const waiting = send();
  await heard(api);
  assertEquals((await send()).json().cancel_requested, false);
  assertEquals(api.services.hub.listenerCount("a"), 1);
  await api.services.store.publish("a", { kind: "cancel" });
  assertEquals((await waiting).json().cancel_requested, true);
});

Deno.test("POST heartbeat takes a lost task back to running", async () => {
  const api = await makeApi();
  await api.put("a", { lease: 60 });
  await api.services.store.publish("a", { kind: "lost", offset: 1 });
  assertEquals((await beat(api)).json().status, "running");
  api.services.leases.stop();
});

Deno.test("POST heartbeat refuses tasks that are unknown or have ended", async () => {
  const api = await makeApi();
  await api.put("b", { status: "failed" });
  const answers = [await beat(api), await beat(api, {}, "b")];
  assertEquals(answers.map(({ status, json }) => [status, json().code]), [
    [404, "task_unknown"],
    [409, "task_finished"],
  ]);
});

Deno.test("POST heartbeat refuses a bad body, and changes nothing", async () => {
  const api = await makeApi();
  await api.put("a", {});
  const cases = [
    ["{", 400, "bad_json"],
    ["[]", 422, "bad_event"],
    ['{"leas":1}', 422, "bad_event"],
    ['{"lease":0}', 422, "bad_event"],
    ['{"wait":61}', 422, "bad_event"],
    ['{"wait":-1}', 422, "bad_event"],
    ['{"lease":10,"wait":10}', 422, "lease_too_short"],
  ] as const;
  for (const [body, status, code] of cases) {
    const answer = await api.call("POST /api/tasks/a/heartbeat", { body });
    assertEquals([answer.status, answer.json().code], [status, code], body);
    assertStringIncludes(answer.headers.get("content-type") ?? "", "problem");
  }
  const { state } = await api.services.store.read("a");
  assertEquals(state?.leaseEndsAtMs, undefined);
});

Deno.test("POST heartbeat refuses to wait longer than the lease of before", async () => {
  const api = await makeApi();
  await api.put("a", { lease: 5 });
  const before = await api.services.store.read("a");
  const { status, json } = await beat(api, { wait: 5 });
  assertEquals([status, json().code], [422, "lease_too_short"]);
  assertEquals(await api.services.store.read("a"), before);
  api.services.leases.stop();
});

Deno.test("POST heartbeat needs a key, or a token to publish", async () => {
  const { call } = await makeApi();
  const statuses = [];
  for (const key of ["", await scoped("other")]) {
    const { status } = await call("POST /api/tasks/a/heartbeat", { key });
    statuses.push(status);
  }
  assertEquals(statuses, [401, 403]);
});
