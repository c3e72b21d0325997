import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { answerOf } from "../support/answer.ts";
import { EventLines } from "../support/event_lines.ts";
import { ForeignProgram } from "../support/foreign_program.ts";
import { needs } from "../support/needs.ts";
import { Nodes } from "../support/nodes.ts";
import { ProxiedPublishers } from "../support/proxied_publishers.ts";
import { Proxy, type ProxyName } from "../support/proxy.ts";
import { rawRequest } from "../support/raw_request.ts";
import { RedisServer } from "../support/redis_server.ts";
import { ResumingWatcher } from "../support/resuming_watcher.ts";
import { testApiKey } from "../support/server.ts";
import { type Frame, TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";
import { upTo } from "../support/watching.ts";

const headers = { Authorization: `Bearer ${testApiKey}` };

/** The time limit for expected events. */
const deadlineMs = 30_000;

for (const name of ["nginx", "haproxy"] as const satisfies ProxyName[]) {
  needs(name, "redis-server", "openssl", "curl")(
    `${name} as it is printed stands before three nodes`,
    async (t) => {
      const token = await signToken({ sub: "42" });
      await using server = await RedisServer.start();
      await using nodes = await Nodes.start({
        store: server.url,
        env: { TASKWIRE_TRUST_PROXY: "1" },
      });
      await using proxy = await Proxy.start(
        name,
        nodes.all.map(({ origin }) => origin),
      );

      await t.step(
        "a stream flows at once, from the client's address",
        () => streamsAtOnce(proxy, nodes),
      );
      await t.step("lines are published while more are written", async () => {
        await using lines = await EventLines.open(proxy);
        for (const offset of [1, 2, 3]) {
          await lines.write('{"connection_id":"lines/1"}\n');
          assertEquals((await lines.next())?.offset, offset);
        }
      });
      await t.step(
        "a publisher that offers h2c is answered",
        () => takesOffersOfH2c(proxy),
      );
      await t.step("TLS ends at it", () => speaksTls(proxy));
      await t.step(
        "nodes die and stop, and nothing is lost",
        () => outlivesNodes(name, proxy, nodes, token),
      );
      await t.step(
        "sockets outlast an outage of Redis",
        () => outlastsRedis(name, proxy, server),
      );
      await t.step("its log has paths, and no token", async () => {
        // The proxy's log of errors must not contain the token.
        await nodes[Symbol.asyncDispose]();
        const url = `${proxy.origin.replace("http", "ws")}/ws/realtime/none`;
        await new TestSocket(`${url}?token=${token}`).closed;
        await proxy.logged(/GET \/ws\/realtime\/none\b.* 50[23] /);
        const log = await proxy.stop();
        assertMatch(log, /GET \/ws\/realtime\/proxied/);
        assertMatch(log, /POST \/api\/events/);
        for (const secret of [token, "token=", testApiKey]) {
          const lines = log.split("\n");
          assertEquals(lines.filter((line) => line.includes(secret)), []);
        }
      });
    },
  );
}

/**
 * Publishes like Java's HttpClient, which offers HTTP/2 with each request (RFC
 * 7540 §3.2).
 */
async function takesOffersOfH2c({ origin }: Proxy): Promise<void> {
  const { status, body } = await rawRequest(
    origin,
    "POST /api/tasks/h2c/events HTTP/1.1",
    `Host: ${new URL(origin).host}`,
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
    `Authorization: ${headers.Authorization}`,
    "Content-Length: 2",
    "",
    "{}",
  );
  assertEquals(status, 201, body);
}

/** Uses `curl`, which can choose the local address. */
async function streamsAtOnce({ origin }: Proxy, nodes: Nodes): Promise<void> {
  const url = `${origin}/sse/realtime/stream`;
  await using stream = new ForeignProgram([
    ...["sh", "-c", 'exec curl "$@" >&2', "sh", "--no-progress-meter", "-N"],
    ...["--interface", "127.0.0.9", "-H", "X-Forwarded-For: 192.0.2.1", url],
  ], { cwd: "." });
  await stream.wrote(/event: sync\n/);
  const list = await nodes.at(0).call(
    "GET /api/connections?connection_id=stream",
  );
  const [connection] = list.json().connections as Frame[];
  assertEquals(connection?.remote_address, "127.0.0.9");
  await nodes.at(1).publish("stream", { message: "the first" });
  await stream.wrote(/the first/);
  assert(!stream.hasEnded);
  await nodes.at(2).publish("stream", { status: "succeeded" });
  await stream.wrote(/event: end\n/);
  await stream.ended;
}

async function speaksTls({ secureOrigin, authority }: Proxy): Promise<void> {
  using client = Deno.createHttpClient({ caCerts: [authority] });
  const answer = await answerOf(fetch(`${secureOrigin}/readyz`, { client }));
  assertEquals(answer.status, 200);
}

async function outlastsRedis(
  name: ProxyName,
  { origin }: Proxy,
  redis: RedisServer,
): Promise<void> {
  const url = `${origin.replace("http", "ws")}/ws/realtime/outage`;
  await using watcher = new TestSocket(url);
  await watcher.nextOf("sync");
  await redis.kill();
  // HAProxy checks the nodes, and soon finds no ready node.
  const isKnown = name === "haproxy" ? /No server is available/ : /./;
  await readiness(origin, 503, isKnown);
  await redis.restart();
  await readiness(origin, 200);
  // The first ready node answers through the proxy; the rest may still answer
  // 503.
  await new ProxiedPublishers(origin, [], 0).publish("outage", {
    event_id: "last",
    status: "succeeded",
  });
  let status: unknown;
  // Redis may have lost data, so a second sync with the task may come first.
  while (status !== "succeeded") {
    const frame = await watcher.nextFrame();
    status = (frame.type === "sync" ? frame.task as Frame : frame)?.status;
  }
}

/** Waits until the proxy gives the answer. */
async function readiness(
  origin: string,
  expected: number,
  body = /./,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const { status, text } = await answerOf(fetch(`${origin}/readyz`))
      .catch((error) => ({ status: 0, text: String(error) })); // a broken connection
    if (status === expected && body.test(text)) return;
    if (Date.now() > deadline) throw new Error(`Still ${status}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function outlivesNodes(
  name: ProxyName,
  { origin }: Proxy,
  nodes: Nodes,
  token: string,
): Promise<void> {
  const tasks = upTo(4).map((index) => `proxied/${index}`);
  const watchers = tasks.flatMap((task) =>
    upTo(6).map(() => ({
      task,
      watcher: new ResumingWatcher(origin, task, undefined, token),
    }))
  );
  await Promise.all(watchers.map(({ watcher }) => watcher.joined));
  const spread = await connectionsOf(nodes);
  assertEquals(spread.map((count) => count > 0), [true, true, true]);

  const publishers = new ProxiedPublishers(origin, tasks);
  await publishers.acknowledgements(100);
  await nodes.at(0).kill();
  await publishers.acknowledgements(300);
  await nodes.at(0).start();
  await publishers.acknowledgements(100);
  await nodes.at(1).stop();
  await publishers.acknowledgements(300);
  await publishers.stop();

  const heads = new Map<string, number>();
  for (const task of tasks) {
    const events = await nodes.at(2).history(task);
    assertEquals(events.map(({ offset }) => offset), upTo(events.length));
    heads.set(task, events.length);
  }
  const { acknowledged } = publishers;
  // Exactly once: an interrupted attempt was stored, or not.
  const sum = [...heads.values()].reduce((one, other) => one + other, 0);
  assertEquals(sum, acknowledged.size);
  const seen = await Promise.all(watchers.map(async ({ task, watcher }) => {
    const head = heads.get(task) ?? 0;
    return { head, ...await watcher.seenUntil(head) };
  }));
  for (const { head, offsets } of seen) assertEquals(offsets, upTo(head));
  const resumes = seen.reduce((sum, { resumes }) => sum + resumes, 0);
  assertGreater(resumes, 0);
  printLine(
    `${name}: ${acknowledged.size} acknowledged, each stored and seen once; ${watchers.length} watchers resumed ${resumes} times; attempts that were not answered with 201: ${
      JSON.stringify(Object.fromEntries(publishers.failures))
    }`,
  );
}

/** Returns the number of sockets per node. */
async function connectionsOf(nodes: Nodes): Promise<number[]> {
  return await Promise.all(nodes.all.map(async (node) => {
    const { text } = await answerOf(
      fetch(`${node.origin}/metrics`, { headers }),
    );
    return Number(/^taskwire_sockets (\d+)$/m.exec(text)?.[1]);
  }));
}
