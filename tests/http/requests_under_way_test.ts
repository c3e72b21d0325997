import { assertEquals } from "@std/assert";
import {
  handledLimits,
  RequestsUnderWay,
  unsentLimits,
} from "../../src/http/requests_under_way.ts";
import { answerOf } from "../support/answer.ts";
import { eventually } from "../support/eventually.ts";
import { startTestServer } from "../support/server.ts";
import { UnreadRequests } from "../support/unread_requests.ts";

/** Sends a request from an address, unfinished until ended. */
function start(
  requests: RequestsUnderWay,
  address: string,
  path = "/a",
  handle?: () => Response | Promise<Response>,
) {
  const sent = Promise.withResolvers<void>();
  const handled = Promise.withResolvers<Response>();
  const answer = requests.answer(new Request(`http://h${path}`), {
    remoteAddr: { hostname: address, port: 1, transport: "tcp" },
    completed: sent.promise,
  }, handle ?? (() => handled.promise));
  return { answer, handled: handled.resolve, sent };
}

async function codeOf(answer: Promise<Response>): Promise<unknown> {
  const { status, json } = await answerOf(answer);
  return status === 200 ? status : json().code;
}

const config = { trustProxy: 0, idleTimeoutSeconds: 30 };
const ok = () => new Response("ok");

Deno.test("RequestsUnderWay limits the requests of an address, except health probes", async () => {
  const requests = new RequestsUnderWay(config);
  const open = Array.from(
    { length: handledLimits.ofAddress },
    () => start(requests, "10.0.0.1"),
  );
  const next = (path?: string) =>
    codeOf(start(requests, "10.0.0.1", path, ok).answer);
  assertEquals(await next(), "too_many_requests");
  assertEquals(await next("/healthz"), 200);
  assertEquals(await codeOf(start(requests, "10.0.0.2", "/a", ok).answer), 200);
  open[0]?.handled(ok());
  await open[0]?.answer;
  assertEquals(await next(), 200);
});

Deno.test("RequestsUnderWay limits the total of requests", async () => {
  const requests = new RequestsUnderWay(config);
  for (let index = 0; index < handledLimits.inAll; index++) {
    start(requests, `10.0.0.${index % 250}`);
  }
  const { answer } = start(requests, "10.0.1.1", "/a", ok);
  const { status, headers, json } = await answerOf(answer);
  assertEquals([status, json().code], [503, "too_busy"]);
  assertEquals(headers.has("retry-after"), true);
});

Deno.test("RequestsUnderWay limits the unread answers of an address, until read or aborted", async () => {
  const requests = new RequestsUnderWay(config);
  const open = Array.from(
    { length: unsentLimits.ofAddress },
    () => start(requests, "2001:db8::1", "/a", ok),
  );
  await Promise.all(open.map(({ answer }) => answer));
  const next = () => codeOf(start(requests, "2001:db8::2", "/a", ok).answer);
  assertEquals(await next(), "too_many_requests");
  open[0]?.sent.resolve();
  await open[0]?.sent.promise;
  assertEquals(await next(), 200);
  assertEquals(await next(), "too_many_requests");
  open[1]?.sent.reject(new Error("The client has gone"));
  await open[1]?.sent.promise.catch(() => {});
  assertEquals(await next(), 200);
});

Deno.test("RequestsUnderWay counts stalled answers only against their own addresses", async () => {
  const requests = new RequestsUnderWay({ ...config, idleTimeoutSeconds: 1 });
  const now = performance.now;
  let elapsedMs = 0;
  performance.now = () => elapsedMs;
  try {
    for (let index = 0; index < unsentLimits.inAll; index++) {
      await start(requests, `10.0.0.${index % 5}`, "/a", ok).answer;
    }
    const next = (address: string) =>
      codeOf(start(requests, address, "/a", ok).answer);
    assertEquals(await next("10.0.0.9"), "too_busy");
    elapsedMs = 1_000;
    assertEquals(await next("10.0.0.9"), 200);
    assertEquals(await next("10.0.0.1"), "too_many_requests");
  } finally {
    performance.now = now;
  }
});

Deno.test("RequestsUnderWay counts no event streams and no publishes as unread", async () => {
  const requests = new RequestsUnderWay(config);
  const stream = () =>
    new Response("", { headers: { "Content-Type": "text/event-stream" } });
  for (let index = 0; index < unsentLimits.ofAddress; index++) {
    await start(requests, "10.0.0.1", "/a", stream).answer;
  }
  assertEquals(await codeOf(start(requests, "10.0.0.1", "/a", ok).answer), 200);
});

Deno.test("startServer() holds a limited number of answers for a client that does not read", async () => {
  await using server = await startTestServer();
  const path = "/client.js";
  {
    using first = await UnreadRequests.send(server.origin, path, 150);
    assertEquals([first.accepted, first.refused], [150, 0]);
    using second = await UnreadRequests.send(server.origin, path, 150);
    assertEquals([second.accepted, second.refused], [50, 100]);
    const refused = await answerOf(fetch(server.origin + path));
    assertEquals([refused.status, refused.json().code], [
      429,
      "too_many_requests",
    ]);
    assertEquals((await answerOf(server.publish("a", {}))).status, 201);
  }
  await eventually(async () =>
    (await answerOf(fetch(server.origin + path))).status === 200
  );
});
