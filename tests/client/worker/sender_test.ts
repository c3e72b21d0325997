import { assertEquals, assertMatch } from "@std/assert";
import { connectWorker } from "../../../src/client/worker.ts";
import { historyOf, taskOf } from "../../support/python.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";

/** Answers in place of the server, or `undefined` to pass the request on. */
type Fault = (count: number) => Response | "lost answer" | undefined;

/** A server before a taskwire server, with faults in the first answers. */
function startFaulty(origin: string, fault: Fault) {
  let count = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const answer = fault(count += 1);
      if (answer instanceof Response) {
        await request.body?.cancel();
        return answer;
      }
      const { pathname } = new URL(request.url);
      const response = await fetch(origin + pathname, {
        method: "POST",
        headers: request.headers,
        body: await request.text(),
      });
      const text = await response.text();
      if (answer === "lost answer") return new Response(null, { status: 502 });
      return new Response(text, response);
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A program's tasks without heartbeats, and the warnings so far. */
function connect(url: string, retryForMs?: number) {
  const warnings: string[] = [];
  const worker = connectWorker({
    url,
    apiKey: testApiKey,
    retryForMs,
    onWarning: (warning) => warnings.push(warning),
  });
  const task = (id: string) => worker.task(id, { lease: null });
  return { task, flush: () => worker.flush(), warnings };
}

Deno.test("Sender.put() merges progress, and adds increments up", async () => {
  await using server = await startTestServer();
  const { task, flush } = connect(server.origin);
  const one = task("one");
  const many = task("many");
  for (let step = 1; step <= 1_000; step += 1) {
    one.update({ current: step, message: `row ${step}` });
    many.update({ increment: 2 });
  }
  await flush();
  const [event, ...others] = await historyOf(server.origin, "one");
  assertEquals([event?.current, event?.message], [1_000, "row 1000"]);
  assertEquals(others, []);
  assertEquals((await taskOf(server.origin, "many")).current, 2_000);
});

Deno.test("Sender.put() keeps each status, in order", async () => {
  await using server = await startTestServer();
  const { task, flush } = connect(server.origin);
  const job = task("t");
  job.start();
  job.update(0.1);
  job.update(0.2);
  job.succeed("done");
  await flush();
  assertEquals(
    (await historyOf(server.origin, "t"))
      .map(({ status, progress }) => [status, progress]),
    [["running", 0.2], ["succeeded", 1]],
  );
});

Deno.test("Sender sends again after 503, and delivers once after a lost answer", async () => {
  await using server = await startTestServer();
  await using front = startFaulty(
    server.origin,
    (count) =>
      count === 1
        ? new Response("busy", { status: 503 })
        : count === 2
        ? "lost answer"
        : undefined,
  );
  const { task, flush, warnings } = connect(front.origin);
  task("t").update({ increment: 5 });
  await flush();
  assertEquals((await taskOf(server.origin, "t")).current, 5);
  assertEquals((await historyOf(server.origin, "t")).length, 1);
  assertMatch(warnings.join(), /sent again later: Error: HTTP 503/);
});

Deno.test("Sender takes a page for no answer of a server", async () => {
  await using server = await startTestServer();
  await using front = startFaulty(
    server.origin,
    (count) => count === 1 ? new Response("<html>Welcome</html>") : undefined,
  );
  const { task, flush, warnings } = connect(front.origin);
  task("t").succeed();
  await flush();
  assertEquals((await taskOf(server.origin, "t")).status, "succeeded");
  assertMatch(warnings.join(), /check TASKWIRE_URL/);
});

Deno.test("Sender drops an event that stays unanswered for too long", async () => {
  await using server = await startTestServer();
  await using front = startFaulty(
    server.origin,
    () => new Response("busy", { status: 503 }),
  );
  const { task, flush, warnings } = connect(front.origin, 0);
  task("t").succeed();
  await flush();
  assertMatch(warnings.at(-1) ?? "", /an event of t is dropped/);
});

Deno.test("Sender drops a refused event, and sends the following", async () => {
  await using server = await startTestServer();
  const { task, flush, warnings } = connect(server.origin);
  task("a").update({ progress: 7 });
  task("b").update({ progress: 0.5 });
  await flush();
  assertMatch(warnings.join(), /an event of a was refused: bad_event/);
  assertEquals((await taskOf(server.origin, "b")).progress, 0.5);
  assertEquals(warnings.length, 1);
});

Deno.test("Sender sends no key to the target of a redirect", async () => {
  const keys: (string | null)[] = [];
  await using target = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ headers }) => {
      keys.push(headers.get("authorization"));
      return new Response();
    },
  );
  await using server = await startTestServer();
  await using front = startFaulty(
    server.origin,
    () => Response.redirect(`http://127.0.0.1:${target.addr.port}/`, 302),
  );
  const { task, flush, warnings } = connect(front.origin);
  task("t").succeed();
  await flush();
  assertEquals(keys, []);
  assertMatch(warnings.join(), /is that a taskwire server/);
});
