import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { ErrorReply } from "@redis/client";
import type { RedisClient } from "../../src/redis/client.ts";
import {
  ReconnectingRedis,
  type RedisOwner,
} from "../../src/redis/reconnecting_redis.ts";
import {
  RedisDisconnectedError,
  RedisOpenError,
  RedisUnavailableError,
} from "../../src/redis/error.ts";
import { captureLog } from "../support/captured_log.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { deadline } from "../support/deadline.ts";
import { needs } from "../support/needs.ts";
import { shareRedis } from "../support/shared_redis.ts";
import { openSilentServer } from "../support/silent_server.ts";

const test = needs("redis-server");

const { server } = await shareRedis({ password: "right-one" });
const redisOrigin = `http://127.0.0.1:${server.port}`;

/** The owner of a test's connections. */
interface TestUser extends Partial<RedisOwner> {
  readonly port?: number;
  readonly password?: string;
}

/** A connection, closed at the end of the test, with a log of its callbacks. */
function link(
  { port = server.port, password = "right-one", ...user }: TestUser = {},
) {
  const opened: RedisClient[] = [];
  const made = new ReconnectingRedis(
    {
      kind: "server",
      hosts: [{ host: "127.0.0.1", port }],
      isTls: false,
      password,
      database: 0,
    },
    {
      async open(client, run, commit) {
        opened.push(client);
        await (user.open?.(client, run, commit) ?? commit());
      },
      async tick(client) {
        await (user.tick?.(client) ?? client.send("", ["PING"]));
      },
    },
  );
  return Object.assign(made, {
    opened,
    /** Sends a command to Redis. */
    ping: () => made.use((client) => client.send("", ["PING"])),
    /** The error of a call during an outage. */
    lost: () =>
      assertRejects(
        () => made.use((client) => client.send("", ["BLPOP", "none", "0"])),
        RedisDisconnectedError,
      ),
    [Symbol.asyncDispose]: () => made.close(),
  });
}

test("start() connects once the owner has prepared the connection", async () => {
  using _log = captureLog();
  const { promise: readied, resolve: onReady } = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  await using redis = link({
    async open(_, run, commit) {
      assert(/^\w+$/.test(run));
      await readied;
      seen.push(redis.client);
      commit();
      seen.push(redis.client);
    },
  });
  const starting = redis.start();
  await assertRejects(redis.ping, RedisDisconnectedError);
  onReady();
  await starting;
  assertEquals(await redis.ping(), "PONG");
  assertEquals(seen, [undefined, redis.opened[0]]);
});

test("start() rejects if Redis refuses the login, and shows no password", async () => {
  using log = captureLog();
  await using redis = link({ password: "guessed-one" });
  const error = await assertRejects(
    () => redis.start(),
    RedisOpenError,
    "WRONGPASS",
  );
  await assertRejects(redis.ping, RedisUnavailableError, "closed");
  assert(!`${error.stack}${error.cause}${log.text}`.includes("guessed-one"));
});

test("start() does not wait for an unreachable Redis", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(redisOrigin);
  proxy.cut();
  await using redis = link({ port: proxy.port });
  await redis.start();
  const { restored } = await redis.lost();
  proxy.mend();
  await deadline(restored, () => "not restored");
  assertEquals(await redis.ping(), "PONG");
});

test("start() reports an unreachable Redis once, for all attempts", async () => {
  using log = captureLog();
  const { port } = new URL(closedOrigin());
  await using redis = link({ port: Number(port) });
  await redis.start();
  await log.wrote('"level":"DEBUG","message":"No connection to Redis');
  const errors = log.text.split("\n").filter((line) =>
    line.includes('"level":"ERROR"')
  );
  assertEquals(errors.length, 1);
});

test("start() rejects only at the start: later a password may be set right again", async () => {
  using log = captureLog();
  await using proxy = cutProxy(redisOrigin);
  await using redis = link({ port: proxy.port });
  await redis.start();
  await server.command("ACL", "SETUSER", "default", "<right-one", ">another");
  const lost = redis.lost();
  proxy.cut();
  const { restored } = await lost;
  proxy.mend();
  await log.wrote("WRONGPASS");
  // The password known to the server object is no longer valid.
  await sendAs("another", ["ACL", "SETUSER", "default", ">right-one"]);
  await deadline(restored, () => "not restored");
  assertEquals(await redis.ping(), "PONG");
});

async function sendAs(password: string, command: readonly string[]) {
  const hello = link({ password });
  await hello.start();
  await hello.use((client) => client.send("", command));
  await hello.close();
}

test("use() says when a lost connection has been replaced", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(redisOrigin);
  await using redis = link({ port: proxy.port });
  await redis.start();
  for (const connections of [1, 2]) {
    const { client } = redis;
    const failing = Promise.all([redis.lost(), redis.lost()]);
    proxy.cut();
    const [{ restored }] = await failing;
    // The next connection counts, from the first moment.
    assertStrictEquals(redis.client, undefined);
    assertStrictEquals((await redis.lost()).restored, restored);
    proxy.mend();
    await deadline(restored, () => "not restored");
    assertEquals(await redis.ping(), "PONG");
    assertNotStrictEquals(redis.client, client);
    assertEquals(redis.opened.length, connections + 1);
  }
});

test("use() keeps the connection after a refusal or a bug", async () => {
  using _log = captureLog();
  await using redis = link();
  await redis.start();
  const { client } = redis;
  const fail = (message: string) =>
    redis.use(() => Promise.reject(new ErrorReply(message)));
  const refused = await assertRejects(
    () => fail("OOM command not allowed"),
    RedisUnavailableError,
  );
  assert(!(refused instanceof RedisDisconnectedError));
  await assertRejects(() => fail("WRONGTYPE Operation"), ErrorReply);
  assertStrictEquals(redis.client, client);
});

test("use() connects again if Redis has changed its role", async () => {
  using _log = captureLog();
  await using redis = link();
  await redis.start();
  const { client } = redis;
  const { restored } = await assertRejects(
    () => redis.use(() => Promise.reject(new ErrorReply("READONLY"))),
    RedisDisconnectedError,
  );
  await deadline(restored, () => "not restored");
  assertNotStrictEquals(redis.client, client);
});

test("subscribe() holds for each connection, also while being prepared", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(redisOrigin);
  const heard: string[] = [];
  const listen = (name: string) =>
    redis.subscribe(name, (message) => void heard.push(`${name}: ${message}`));
  await using redis = link({
    port: proxy.port,
    async open(_client, _run, commit) {
      await listen(`opened ${redis.opened.length}`);
      commit();
    },
  });
  await listen("before");
  await redis.start();
  await listen("after");
  const say = async (round: number) => {
    heard.length = 0;
    for (const name of ["before", "opened 1", "after"]) {
      await redis.use((client) =>
        client.send(name, ["PUBLISH", name, String(round)])
      );
    }
    await redis.ping();
    assertEquals(heard, [
      `before: ${round}`,
      `opened 1: ${round}`,
      `after: ${round}`,
    ]);
  };
  await say(1);
  const lost = redis.lost();
  proxy.cut();
  const { restored } = await lost;
  await listen("while it was away");
  proxy.mend();
  await deadline(restored, () => "not restored");
  await say(2);
});

test("a silent connection is given up, also while being prepared", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(redisOrigin);
  await using used = link({ port: proxy.port });
  const { promise: opening, resolve: onOpen } = Promise.withResolvers<void>();
  let opens = 0;
  await using readied = link({
    port: proxy.port,
    open(_client, _run, commit) {
      onOpen();
      if (++opens > 1) commit();
      return opens > 1 ? Promise.resolve() : new Promise(() => {});
    },
  });
  const starting = readied.start();
  await Promise.all([used.start(), opening]);
  proxy.stall();
  const { restored } = await deadline(used.lost(), () => "not given up");
  await deadline(starting, () => "not given up");
  const readiedLater = await readied.lost();
  proxy.resume();
  for (const promise of [restored, readiedLater.restored]) {
    await deadline(promise, () => "not restored");
  }
});

test("close() rejects pending and later calls", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(redisOrigin);
  const redis = link({ port: proxy.port });
  await redis.start();
  const failing = redis.lost();
  proxy.cut();
  const { restored } = await failing;
  await redis.close();
  await restored;
  const error = await assertRejects(redis.ping, RedisUnavailableError);
  // A caller waiting for `restored` would retry forever.
  assert(!(error instanceof RedisDisconnectedError));
});

test("close() does not wait for a Redis that says nothing, nor to be made ready", async () => {
  using _log = captureLog();
  await using silent = openSilentServer();
  const connecting = link({ port: silent.port });
  const { promise: opening, resolve: onOpen } = Promise.withResolvers<void>();
  const readied = link({
    open() {
      onOpen();
      return new Promise(() => {});
    },
  });
  const starting = [connecting.start(), readied.start()];
  await Promise.all([silent.accepted, opening]);
  await Promise.all([connecting.close(), readied.close(), silent.hungUp()]);
  await Promise.all(starting);
});

test("close() before start() does nothing", async () => {
  await link().close();
});
