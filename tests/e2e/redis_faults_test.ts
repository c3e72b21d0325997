import { assert, assertEquals, assertMatch } from "@std/assert";
import { cutProxy } from "../support/cut_proxy.ts";
import { deadline } from "../support/deadline.ts";
import { eventually } from "../support/eventually.ts";
import { LoadedNodes } from "../support/loaded_nodes.ts";
import { needs } from "../support/needs.ts";
import { Nodes } from "../support/nodes.ts";
import { redisRights } from "../support/redis_rights.ts";
import { RedisServer } from "../support/redis_server.ts";
import type { Reply } from "../support/resp.ts";
import { ResumingWatcher } from "../support/resuming_watcher.ts";
import { taskwire } from "../support/taskwire.ts";
import { UnbrokenWatcher } from "../support/unbroken_watcher.ts";
import { upTo } from "../support/watching.ts";

const test = needs("redis-server");

/**
 * The duration of the outage: the promised one with `TASKWIRE_LOAD=full`,
 * otherwise shorter.
 */
const outageMs = Deno.env.get("TASKWIRE_LOAD") === "full" ? 10_000 : 2_000;

/** Waits for the duration of the outage. */
function outage(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, outageMs));
}

test(
  "Redis killed under load, back with its data: no event is lost, no socket is closed",
  async () => {
    // Only with this setting does Redis keep all acknowledged writes.
    await using server = await RedisServer.start({ appendFsync: "always" });
    await using loaded = await LoadedNodes.start({ store: server.url });
    const { all } = loaded.nodes;
    await server.kill();
    await loaded.unavailable(all);
    const frames = loaded.watchings.map(({ watcher }) => watcher.frameCount);
    // New clients learn their identity at once, and the task's state later.
    const latecomers = all.map((node) => loaded.watch(node));
    await Promise.all(
      latecomers.map((watcher) =>
        watcher.until(({ frameCount }) => frameCount === 1)
      ),
    );
    await outage();
    assertEquals(
      loaded.watchings.map(({ watcher }) => watcher.frameCount),
      [...frames, ...latecomers.map(() => 1)],
    );
    await server.restart();
    await loaded.available(all);
    await loaded.conclude(
      `Redis killed, ${outageMs / 1_000} s away, back with its data`,
      "intact",
    );
  },
);

test(
  "Redis stopped and started, with possible loss: no event is lost, all get a fresh sync",
  async () => {
    await using server = await RedisServer.start();
    await using loaded = await LoadedNodes.start({ store: server.url });
    await server.stop();
    await loaded.unavailable(loaded.nodes.all);
    await server.restart();
    await loaded.available(loaded.nodes.all);
    await loaded.conclude("Redis stopped and started", "kept");
  },
);

test(
  "Redis back without its data: all watchers get a fresh sync, then new events",
  async () => {
    await using server = await RedisServer.start();
    await using loaded = await LoadedNodes.start({ store: server.url });
    const before = loaded.watchings.map(({ watcher }) => watcher.life?.epoch);
    await server.restart("empty");
    await loaded.each(({ watcher }) =>
      watcher.until(({ lives }) => lives.length > 1)
    );
    for (const [index, { watcher }] of loaded.watchings.entries()) {
      const { epoch, hasTask } = watcher.lives[1] ?? {};
      assert(epoch !== before[index] || !hasTask);
    }
    await loaded.available(loaded.nodes.all);
    await loaded.conclude("Redis back empty", "gone");
  },
);

test(
  "Redis back with older data: all watchers ahead of Redis get a fresh sync",
  async () => {
    await using server = await RedisServer.start();
    await using loaded = await LoadedNodes.start({ store: server.url });
    await server.save();
    await loaded.publishers.acknowledgements(500);
    await server.restart("saved");
    const forgiven = loaded.publishers.acknowledged.length;
    await loaded.available(loaded.nodes.all);
    await loaded.conclude("Redis back with data of before", "gone", forgiven);
  },
);

test(
  "a node cut off from Redis catches up; other nodes keep working",
  async () => {
    await using server = await RedisServer.start();
    await using proxy = cutProxy(`http://127.0.0.1:${server.port}`);
    await using loaded = await LoadedNodes.start({
      store: [server.url, server.url, `redis://127.0.0.1:${proxy.port}`],
    });
    const [a, b, c] = [0, 1, 2].map((index) => loaded.nodes.at(index));
    assert(a && b && c);
    proxy.stall();
    await loaded.unavailable([c]);
    await Promise.all([outage(), loaded.publishers.acknowledgements(500)]);
    assertEquals((await a.call("GET /readyz")).status, 200);
    const whileStalled = await loaded.publishQuietly(a);
    proxy.resume();
    await loaded.available([a, b, c]);
    // Noticed without a following event.
    await loaded.quietSeen(whileStalled);
    proxy.cut();
    await loaded.unavailable([c]);
    await loaded.publishers.acknowledgements(500);
    const whileCut = await loaded.publishQuietly(a);
    proxy.mend();
    await loaded.available([a, b, c]);
    await loaded.quietSeen(whileCut);
    await loaded.conclude("one node cut off, twice", "intact");
  },
);

test(
  "Redis stopped and continued: no event is lost",
  async () => {
    await using server = await RedisServer.start();
    await using loaded = await LoadedNodes.start({ store: server.url });
    const { all } = loaded.nodes;
    server.pause();
    // Connects while the outage is not yet noticed.
    all.forEach((node) => loaded.watch(node, "late/1"));
    await loaded.unavailable(all);
    await outage();
    server.resume();
    await loaded.available(all);
    // Connects after the outage, without harm.
    const refusals = new Map(loaded.publishers.refusals);
    await loaded.nodes.random().publish("late/1");
    for (const node of all) {
      await loaded.watch(node, "late/1").until(({ life }) =>
        life !== undefined
      );
    }
    await loaded.available(all);
    assertEquals(loaded.publishers.refusals, refusals);
    await loaded.conclude("Redis stopped by SIGSTOP", "intact");
  },
);

test(
  "Redis without writes, full or a replica: publishers get 503 until writes work",
  async () => {
    await using server = await RedisServer.start();
    await using loaded = await LoadedNodes.start({ store: server.url });
    const { all } = loaded.nodes;
    for (
      const [refuse, accept] of [
        ["CONFIG SET maxmemory 1mb", "CONFIG SET maxmemory 0"],
        ["REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"],
      ] as const
    ) {
      await server.command(...refuse.split(" "));
      await Promise.all(all.map((node) => loaded.publishers.refusal(node)));
      await server.command(...accept.split(" "));
      await loaded.available(all);
    }
    await loaded.conclude("Redis that takes no writes", "intact");
  },
);

test(
  "Redis flushed while it runs: watchers get a fresh sync with the next event",
  async () => {
    await using server = await RedisServer.start();
    await using loaded = await LoadedNodes.start({ store: server.url });
    await server.flush();
    await loaded.publishers.acknowledgements(300);
    await loaded.publishQuietly();
    await loaded.each(({ watcher }) =>
      watcher.until(({ lives }) => lives.length > 1)
    );
    await loaded.conclude("Redis flushed", "gone");
    // The forgotten watchers are counted again soon.
    const [{ task } = { task: "" }] = loaded.quiet;
    await eventually(async () => {
      const { delivered } = await loaded.nodes.random().publish(task);
      return delivered === loaded.quiet.length;
    });
  },
);

test(
  "a node started while Redis is down is ready once Redis is up",
  async () => {
    await using server = await RedisServer.start();
    await server.kill();
    await using nodes = await Nodes.start({ store: server.url, count: 1 });
    const node = nodes.at(0);
    assertEquals((await node.call("GET /healthz")).status, 200);
    const { status } = await node.call("GET /readyz");
    assertEquals(status, 503);
    const refused = await node.call("POST /api/tasks/early/events", {});
    assertEquals([refused.status, refused.headers.has("retry-after")], [
      503,
      true,
    ]);
    await using watcher = new UnbrokenWatcher(node.origin, "early");
    await watcher.until(({ frameCount }) => frameCount === 1);
    await server.restart();
    await watcher.until(({ life }) => life !== undefined);
    assertEquals((await node.call("GET /readyz")).status, 200);
    assertEquals((await node.publish("early")).delivered, 1);
    await watcher.until(({ offset }) => offset === 1);
  },
);

test(
  "a node refused by Redis logs the reason and ends, without the password",
  async () => {
    await using server = await RedisServer.start({ password: "right-one" });
    const start = (store: string) =>
      taskwire(["serve", "--port", "0"], { env: { TASKWIRE_STORE: store } });
    const at = `127.0.0.1:${server.port}`;
    const wrong = await start(`redis://:guessed-one@${at}`);
    assertEquals([wrong.code, wrong.stdout], [1, ""]);
    assertMatch(wrong.stderr, /^error: .*password.*$/im);
    const none = await start(`redis://${at}`);
    assertEquals([none.code, none.stdout], [1, ""]);
    assertMatch(none.stderr, /^error: .*password.*$/im);
    for (
      const url of [
        "redis://",
        `redis://:guessed-one@${at}/no-number`,
        "redis://:guessed-one@127.0.0.1:99999",
        "redis://:guessed-one@a b",
      ]
    ) {
      const { code, stdout, stderr } = await start(url);
      assertEquals([code, stdout], [1, ""], url);
      assertMatch(stderr, /^error: .*TASKWIRE_STORE.*\n$/, url);
      assert(!stderr.includes("guessed-one"), stderr);
    }
    assert(!(wrong.stderr + none.stderr).includes("guessed-one"));
  },
);

test(
  "a node logs in as a user with minimal rights, without logging the password",
  async () => {
    await using server = await RedisServer.start({
      users: [
        "user default off",
        `user ada on >the-secret ${redisRights("taskwire:").join(" ")}`,
      ],
    });
    await using nodes = await Nodes.start({
      store: server.urlFor("ada", "the-secret"),
      count: 1,
      env: { TASKWIRE_LOG: "debug" },
    });
    const node = nodes.at(0);
    {
      await using watcher = new UnbrokenWatcher(node.origin, "user/1");
      await watcher.until(({ life }) => life !== undefined);
      const { offset, delivered } = await node.publish("user/1");
      assertEquals([offset, delivered], [1, 1]);
      await watcher.until(({ offset }) => offset === 1);
    }
    assertEquals((await node.call("GET /api/connections")).status, 200);
    const { printed, log } = await node.stop();
    assertMatch(printed, /store: +redis:/);
    assert(!(printed + log).includes("the-secret"));
  },
);

needs("redis-server", "openssl")(
  "a node connects to Redis by TLS, and refuses an untrusted certificate",
  async () => {
    await using server = await RedisServer.start({ tls: true });
    for (
      const env of [
        { DENO_CERT: server.authority },
        // Simulates the system's certificate store.
        { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: server.authority },
      ]
    ) {
      await using nodes = await Nodes.start({
        store: server.url,
        count: 1,
        env,
      });
      assertEquals(
        (await nodes.at(0).publish(Object.keys(env).join())).offset,
        1,
      );
    }
    const { code, stderr } = await taskwire(["serve", "--port", "0"], {
      env: { TASKWIRE_STORE: server.url },
    });
    assertEquals(code, 1);
    assertMatch(stderr, /^error: .*certificate.*$/im);
  },
);

test(
  "watchers that resume at once get more data than Redis buffers for a node",
  async () => {
    const [tasks, events, watchers] = [10, 100, 400];
    // 80 MB in all; Redis disconnects at 32 MB.
    const message = "m".repeat(1_000), data = "d".repeat(1_000);
    await using server = await RedisServer.start();
    await using nodes = await Nodes.start({ store: server.url, count: 1 });
    const node = nodes.at(0);
    const epochs = await Promise.all(
      Array.from({ length: tasks }, async (_, task) => {
        const publish = () => node.publish(`large/${task}`, { message, data });
        const [answer] = await Promise.all(
          Array.from({ length: events }, publish),
        );
        return String(answer?.epoch);
      }),
    );
    const connections = () => server.command("CLIENT", "LIST");
    const before = clientIds(await connections());
    const seen = await deadline(
      Promise.all(
        Array.from({ length: watchers }, (_, index) => {
          const task = index % tasks;
          const position = { epoch: epochs[task] ?? "", offset: 0 };
          return new ResumingWatcher(node.origin, `large/${task}`, position)
            .seenUntil(events);
        }),
      ),
      () => "watchers still wait for events",
    );
    for (const { offsets } of seen) assertEquals(offsets, upTo(events));
    const after = clientIds(await connections());
    assertEquals([before.length, after], [1, before]);
  },
);

/** Returns the ids of nodes' connections in an answer to `CLIENT LIST`. */
function clientIds(list: Reply): string[] {
  return [...String(list).matchAll(/^id=(\d+).* name=taskwire /gm)].map((
    [, id = ""],
  ) => id);
}
