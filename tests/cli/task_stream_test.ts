import { assert, assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { CommandFailure } from "../../src/cli/failure.ts";
import { followTask, type TaskNews } from "../../src/cli/task_stream.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { published } from "../support/published.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { signToken } from "../support/tokens.ts";

/** A stream of a task's news that is stopped when disposed of. */
function follow({ origin }: { origin: string }, token?: string) {
  const news = followTask({
    server: new URL(`${origin}/`),
    taskId: "t",
    ...(token ? { token } : {}),
  });
  return {
    async next(): Promise<TaskNews> {
      const { value, done } = await news.next();
      if (done) throw new Error("The stream ended");
      return value;
    },
    [Symbol.asyncDispose]: async () => {
      await news.return(undefined);
    },
  };
}

/** What was said of a task: its progress, or the note. */
function summary(news: TaskNews): unknown {
  if (news.kind === "task") return news.task.progress ?? news.task.status;
  return news.kind === "note" ? news.text : news.kind;
}

function sendAway({ services }: TestServer, retryAfterMs?: number): void {
  const [connection] = services.registry.list();
  assert(connection);
  connection.close(closeCodes.serviceRestart, {
    code: "server_restarting",
    message: "Connect again",
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

Deno.test("followTask() tells who the client is, where the task stands, then its events", async () => {
  await using server = await startTestServer();
  await using news = follow(server, await signToken({ sub: "42" }));
  assertEquals(
    summary(await news.next()),
    "connected as authenticated, user 42",
  );
  assertEquals(summary(await news.next()), "empty");
  await published(server, "t", { progress: 0.25, message: "kept" });
  assertEquals(summary(await news.next()), 0.25);
  await published(server, "t", { progress: 0.5 });
  const next = await news.next();
  assert(next.kind === "task");
  assertEquals([next.task.progress, next.task.message], [0.5, "kept"]);
});

Deno.test("followTask() resumes when the server says, without gap or duplicate", async () => {
  await using server = await startTestServer();
  await published(server, "t", { progress: 0.1 });
  await using news = follow(server);
  await news.next();
  assertEquals(summary(await news.next()), 0.1);
  await published(server, "t", { progress: 0.2 });
  assertEquals(summary(await news.next()), 0.2);

  sendAway(server, 1);
  await published(server, "t", { progress: 0.3 }, { progress: 0.4 });
  const seen = [];
  while (seen.at(-1) !== 0.4) seen.push(summary(await news.next()));
  assertEquals(seen, [
    "server_restarting: Connect again",
    "connection lost (Connect again); connecting again in 0.0 s",
    "connected as guest, user 1",
    // not the snapshot, which is ahead of the events that follow it
    0.3,
    0.4,
  ]);
});

Deno.test("followTask() backs off with jitter, to 20 s at most, while it can't connect", async () => {
  await using server = await startTestServer();
  await using news = follow(server);
  await news.next();
  await news.next();
  using time = new FakeTime();
  using _random = stub(Math, "random", () => 1);
  sendAway(server);
  assertEquals(summary(await news.next()), "server_restarting: Connect again");
  const stopped = server.stop();
  const waits: unknown[] = [];
  while (waits.length < 8) {
    const lost = news.next();
    // Ends the wait, or the time for which the server reads on before it closes.
    await time.tickAsync(20_000);
    waits.push(/again in (.*) s/.exec(String(summary(await lost)))?.[1]);
  }
  assertEquals(waits, [
    "0.5",
    "1.0",
    "2.0",
    "4.0",
    "8.0",
    "16.0",
    "20.0",
    "20.0",
  ]);
  await stopped;
});

Deno.test("followTask() ends when the first connection fails", async () => {
  await using news = follow({ origin: closedOrigin() });
  await assertRejects(() => news.next(), CommandFailure, "nothing listens");
});

Deno.test("followTask() ends when the server closes for good", async () => {
  await using server = await startTestServer();
  await using news = follow(server);
  await news.next();
  await news.next();
  const [connection] = server.services.registry.list();
  connection?.close(closeCodes.disconnected, {
    code: "disconnected_by_operator",
    message: "An operator ended it",
  });
  assertEquals(
    summary(await news.next()),
    "disconnected: An operator ended it",
  );
  const error = await assertRejects(() => news.next(), CommandFailure);
  assertEquals(
    error.message,
    "t: the server closed the connection for good (4409): An operator ended it",
  );
});
