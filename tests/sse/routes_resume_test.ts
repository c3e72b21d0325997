import { assertEquals } from "@std/assert";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import { answerOfStream, SseClient } from "../support/sse_client.ts";
import { upTo } from "../support/watching.ts";

/** Returns a number of empty events. */
const events = (count: number) => Array.from({ length: count }, () => ({}));

Deno.test("sseRoutes() resumes after Last-Event-ID, without gap or duplicate", async () => {
  await using server = await startTestServer();
  await published(server, "a", ...events(3));
  const first = await SseClient.open(server, "a");
  await first.nextOf("sync");
  await published(server, "a", ...events(2));
  assertEquals((await first.nextOf("task")).offset, 4);
  const { lastEventId = "" } = first;
  await first[Symbol.asyncDispose]();
  await published(server, "a", ...events(2), { status: "done" });

  await using client = await SseClient.open(server, "a", {
    headers: { "Last-Event-ID": lastEventId },
  });
  const { recovered, offset } = await client.nextOf("sync");
  assertEquals([recovered, offset], [true, 4]);
  const rest = await client.toTheEnd();
  assertEquals(
    rest.map(({ event, id }) => [event, id?.split(":").at(-1)]),
    [["task", "5"], ["task", "6"], ["task", "7"], ["task", "8"], [
      "end",
      undefined,
    ]],
  );
});

Deno.test("sseRoutes() resumes without gap or duplicate while events come", async () => {
  await using server = await startTestServer();
  const count = 600;
  const publishing = (async () => {
    for (let done = 0; done < count; done += 1) {
      const isLast = done === count - 1;
      await published(server, "a", isLast ? { status: "done" } : {});
    }
  })();
  const seen: number[] = [];
  let lastEventId: string | undefined;
  let streams = 0;
  for (let isFinished = false; !isFinished;) {
    const client = await SseClient.open(server, "a", {
      headers: lastEventId ? { "Last-Event-ID": lastEventId } : {},
    });
    streams += 1;
    if (client.response.status === 204) break; // only `end` was missing
    const sync = await client.nextOf("sync");
    if (lastEventId) assertEquals(sync.recovered, true);
    else seen.push(...upTo(Number(sync.offset)));
    for (let read = 0; read < 20 && !isFinished; read += 1) {
      const { event, data = "" } = await client.next();
      if (event === "end") isFinished = true;
      else seen.push(JSON.parse(data).offset);
    }
    lastEventId = client.lastEventId;
    await client[Symbol.asyncDispose]();
  }
  await publishing;
  assertEquals(seen, upTo(count));
  assertEquals(streams > 10, true);
});

Deno.test("sseRoutes() resumes by the query too, and the header wins", async () => {
  await using server = await startTestServer();
  await published(server, "a", ...events(3));
  const { epoch } = await server.services.store.read("a");
  const query = `?epoch=${epoch}&offset=1`;
  for (
    const [headers, position] of [
      [{}, [true, 1]],
      [{ "Last-Event-ID": `${epoch}:2` }, [true, 2]],
      [{ "Last-Event-ID": "" }, [true, 1]],
      [{ "Last-Event-ID": "other:2" }, [false, 3]],
      [{ "Last-Event-ID": `${epoch}:4` }, [false, 3]],
      [{ "Last-Event-ID": `${epoch}:x` }, [false, 3]],
      [{ "Last-Event-ID": "nonsense" }, [false, 3]],
    ] as [Record<string, string>, [boolean, number]][]
  ) {
    await using client = await SseClient.open(server, "a", { query, headers });
    const { recovered, offset } = await client.nextOf("sync");
    assertEquals([recovered, offset], position, JSON.stringify(headers));
  }
});

Deno.test("sseRoutes() answers 204 to a resume at the end, so that browsers stop", async () => {
  await using server = await startTestServer();
  await published(server, "a", {}, { status: "canceled" });
  await using client = await SseClient.open(server, "a");
  await client.toTheEnd();
  const { lastEventId = "" } = client;
  const atEnd = { "Last-Event-ID": lastEventId };
  const { status, headers, text } = await answerOfStream(server, "a", {
    headers: { ...atEnd, Origin: server.origin },
  });
  assertEquals([status, text, headers.get("cache-control")], [
    204,
    "",
    "no-store",
  ]);
  assertEquals(
    headers.get("access-control-allow-origin"),
    server.origin,
  );
  const [epoch, offset] = lastEventId.split(":");
  const query = `?epoch=${epoch}&offset=${offset}`;
  assertEquals((await answerOfStream(server, "a", { query })).status, 204);
  assertEquals(server.services.registry.list(), []);
  assertEquals(server.services.hub.watcherCount("a"), 0);

  // Any other position has not seen the end.
  for (const id of [`${epoch}:1`, `other:${offset}`, `${epoch}:3`]) {
    const answer = await answerOfStream(server, "a", {
      headers: { "Last-Event-ID": id },
    });
    assertEquals([answer.status, answer.text.includes("event: end")], [
      200,
      true,
    ], id);
  }
  // A new attempt reopens the task.
  await published(server, "a", { status: "running", attempt: 2 });
  await using reopened = await SseClient.open(server, "a", { headers: atEnd });
  assertEquals((await reopened.nextOf("task")).attempt, 2);
});

Deno.test("sseRoutes() replays an attempt that failed and the next one, to the end of the last", async () => {
  await using server = await startTestServer();
  await published(
    server,
    "a",
    {},
    { status: "failed" },
    { status: "running", attempt: 2 },
    { status: "done" },
  );
  const { epoch } = await server.services.store.read("a");
  await using client = await SseClient.open(server, "a", {
    query: `?epoch=${epoch}&offset=0`,
  });
  assertEquals((await client.toTheEnd()).map(({ event }) => event), [
    "connected",
    "sync",
    ...Array.from({ length: 4 }, () => "task"),
    "end",
  ]);
});
