import { assert, assertEquals, assertRejects } from "@std/assert";
import { ErrorReply } from "@redis/client";
import { openConnection } from "../../src/redis/connection.ts";
import { FakeTime } from "../support/fake_time.ts";
import { needs } from "../support/needs.ts";
import { openSilentServer } from "../support/silent_server.ts";
import { shareRedis } from "../support/shared_redis.ts";

const test = needs("redis-server");

const { server } = await shareRedis({ password: "right one" });

const address = { hosts: [], isTls: false, database: 0 };
const host = { host: "127.0.0.1", port: server.port };

/** Options of a test connection. */
interface Wishes {
  readonly password?: string;
  readonly username?: string;
  readonly database?: number;
  readonly port?: number;
  readonly timeoutMs?: number;
  readonly onLost?: (cause: Error) => void;
  readonly signal?: AbortSignal;
}

async function open({
  port = server.port,
  timeoutMs = 10_000,
  onLost = () => {},
  signal = new AbortController().signal,
  ...login
}: Wishes = {}) {
  const connection = await openConnection(
    { ...address, password: "right one", ...login },
    { ...host, port },
    { onLost, timeoutMs, signal },
  );
  return Object.assign(connection, {
    [Symbol.dispose]: () => connection.destroy(),
  });
}

test("openConnection() logs in, chooses the database, and gives its name", async () => {
  using connection = await open({ username: "default", database: 7 });
  const info = String(await connection.send(["CLIENT", "INFO"])).split(" ");
  for (const part of ["name=taskwire", "db=7"]) {
    assert(info.includes(part), `${info}`);
  }
});

test("openConnection() rejects with Redis's error", async () => {
  for (
    const [wishes, message] of [
      [{ password: "wrong one" }, "WRONGPASS"],
      [{ password: "" }, "NOAUTH"],
      [{ database: 16 }, "out of range"],
    ] as const
  ) {
    const error = await assertRejects(() => open(wishes), ErrorReply, message);
    assert(!String(error.stack).includes("wrong one"));
  }
});

test("openConnection() rejects without a server", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assertRejects(() => open({ port }), Error, "ECONNREFUSED");
});

test("openConnection() gives up on a server that says nothing, and hangs up", async () => {
  await using silent = openSilentServer();
  const { port } = silent;
  using time = new FakeTime();
  const opening = open({ port, timeoutMs: 50 });
  const rejected = assertRejects(() => opening, Error, "within 50");
  await silent.accepted;
  time.tick(50);
  await rejected;
  await silent.hungUp();
});

test("openConnection() gives up on abort, and disconnects", async () => {
  await using silent = openSilentServer();
  const { port } = silent;
  const controller = new AbortController();
  const opening = open({ port, signal: controller.signal });
  const rejected = assertRejects(() => opening, Error, "enough");
  await silent.accepted;
  controller.abort(new Error("enough"));
  await rejected;
  await silent.hungUp();
});

test("openConnection() can be aborted while connecting", async () => {
  await using silent = openSilentServer();
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(
    () => open({ port: silent.port, signal }),
    Error,
    "enough",
  );
  await silent.hungUp();
});

test("openConnection() reports a lost connection, and rejects pending calls", async () => {
  const { promise: lost, resolve: onLost } = Promise.withResolvers<Error>();
  using connection = await open({ onLost });
  const id = String(await connection.send(["CLIENT", "ID"]));
  const waiting = connection.send(["BLPOP", "nothing", "0"]);
  const rejected = assertRejects(() => waiting, Error);
  using other = await open();
  await other.send(["CLIENT", "KILL", "ID", id]);
  assert(await lost instanceof Error);
  await rejected;
  await assertRejects(() => connection.send(["PING"]), Error);
  await assertRejects(() => connection.subscribe(["a"], () => {}), Error);
  await assertRejects(() => connection.unsubscribe(["a"], () => {}), Error);
});

test("subscribe() resolves once messages come, unsubscribe() when they don't", async () => {
  using connection = await open();
  using other = await open();
  const taken: string[] = [];
  const take = (message: string, channel: string) =>
    void taken.push(`${channel}: ${message}`);
  await connection.subscribe(["one", "two"], take);
  assertEquals(await other.send(["PUBLISH", "one", "报告"]), 1);
  assertEquals(await other.send(["PUBLISH", "two", "b"]), 1);
  // In the same order as the answers.
  await connection.send(["PING"]);
  assertEquals(taken, ["one: 报告", "two: b"]);
  await connection.unsubscribe(["one"], take);
  assertEquals(await other.send(["PUBLISH", "one", "c"]), 0);
});

test("subscribe() and unsubscribe() may follow each other at once", async () => {
  using connection = await open();
  using other = await open();
  const taken: string[] = [];
  const take = (message: string) => void taken.push(message);
  await Promise.all([
    connection.subscribe(["one"], take),
    connection.unsubscribe(["one"], take),
    connection.subscribe(["one"], take),
    connection.unsubscribe(["one"], take),
    connection.subscribe(["one"], take),
  ]);
  await other.send(["PUBLISH", "one", "a"]);
  await connection.send(["PING"]);
  assertEquals(taken, ["a"]);
});

test("destroy() rejects pending calls, and may be repeated", async () => {
  const connection = await open();
  const waiting = connection.send(["BLPOP", "nothing", "0"]);
  const rejected = assertRejects(() => waiting, Error);
  connection.destroy();
  connection.destroy();
  await rejected;
});
