import { assertEquals, assertInstanceOf } from "@std/assert";
import type { Identity } from "../../src/auth/identity.ts";
import { noPeers, type Peers } from "../../src/cluster/peers.ts";
import { createServices } from "../../src/create_services.ts";
import type { Services } from "../../src/services.ts";
import {
  announceUserDisconnects,
  closeOverUserLimit,
} from "../../src/admission/identity_limits.ts";
import { fakeConnection } from "../support/fake_connection.ts";
import { JoinedNodes } from "../support/joined_peers.ts";
import { startTestServer, testConfig } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

const user: Identity = {
  status: "authenticated",
  userId: "42",
  grant: { scopes: new Set() },
};
const guest: Identity = { status: "guest", userId: "1" };

/** Other nodes, whose counts the test answers by hand. */
class HeldPeers implements Peers {
  readonly ask = noPeers.ask;
  readonly asked: [userId: string, here: number][] = [];
  readonly #answers: ((count: number) => void)[] = [];
  readonly #refusals: ((error: Error) => void)[] = [];

  countUser(userId: string, here: number): Promise<number> {
    this.asked.push([userId, here]);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#answers.push(resolve);
    this.#refusals.push(reject);
    return promise;
  }

  /** Answers a question by index. */
  answer(index: number, count: number): void {
    this.#answers[index]?.(count);
  }

  refuse(index: number): void {
    this.#refusals[index]?.(new Error("No answer"));
  }
}

async function withPeers(limit: number) {
  const peers = new HeldPeers();
  const made = await createServices(
    testConfig({ maxConnectionsPerUser: limit }),
  );
  const services: Services = { ...made, peers };
  announceUserDisconnects(services);
  const connect = () => {
    const fake = fakeConnection();
    services.registry.add(fake.connection);
    return fake;
  };
  return { peers, services, connect };
}

Deno.test("closeOverUserLimit() counts a user's connections on all nodes", async () => {
  const { peers, services, connect } = await withPeers(2);
  const [{ connection: kept }, { connection: closed, transport }] = [
    connect(),
    connect(),
  ];
  const isKept = closeOverUserLimit(kept, user, services);
  peers.answer(0, 2);
  assertEquals([await isKept, kept.isClosed], [false, false]);
  const isClosed = closeOverUserLimit(closed, user, services);
  peers.answer(1, 3);
  assertEquals([await isClosed, closed.isClosed], [true, true]);
  assertEquals(transport.frames[0]?.code, "too_many_connections");
  assertEquals(transport.closes.map(({ code }) => code), [4429]);
  assertEquals(peers.asked, [["42", 1], ["42", 2], ["42", 1]]);
});

Deno.test("closeOverUserLimit() asks no nodes and is synchronous without a limit", async () => {
  const { peers, services, connect } = await withPeers(0);
  const { connection } = connect();
  assertEquals(closeOverUserLimit(connection, user, services), false);
  assertEquals(closeOverUserLimit(connection, guest, services), false);
  connection.close(1000);
  assertEquals(peers.asked, []);
});

Deno.test("closeOverUserLimit() is synchronous for guests and for renewed tokens", async () => {
  const { peers, services, connect } = await withPeers(1);
  const { connection } = connect();
  assertEquals(closeOverUserLimit(connection, guest, services), false);
  const first = closeOverUserLimit(connection, user, services);
  assertInstanceOf(first, Promise);
  peers.answer(0, 1);
  await first;
  assertEquals(closeOverUserLimit(connection, user, services), false);
  assertEquals(peers.asked, [["42", 1]]);
});

Deno.test("closeOverUserLimit() keeps the first of two simultaneous connections", async () => {
  const { peers, services, connect } = await withPeers(1);
  const [first, second] = [connect().connection, connect().connection];
  const verdicts = [first, second].map((connection) =>
    closeOverUserLimit(connection, user, services)
  );
  assertEquals(peers.asked, [["42", 1], ["42", 2]]);
  peers.answer(0, 1);
  peers.answer(1, 2);
  assertEquals(await Promise.all(verdicts), [false, true]);
});

Deno.test("closeOverUserLimit() ignores a connection that ended during the count", async () => {
  const { peers, services, connect } = await withPeers(1);
  const { connection, transport } = connect();
  const verdict = closeOverUserLimit(connection, user, services);
  connection.ended();
  peers.answer(0, 5);
  assertEquals([await verdict, transport.sent, transport.closes], [
    true,
    [],
    [],
  ]);
  assertEquals(peers.asked, [["42", 1], ["42", 0]]);
});

Deno.test("closeOverUserLimit() does not announce a connection that ended before", async () => {
  const { peers, services, connect } = await withPeers(1);
  const { connection } = connect();
  connection.close(1000);
  assertEquals(await closeOverUserLimit(connection, user, services), true);
  assertEquals(peers.asked, []);
});

Deno.test("closeOverUserLimit() does not close for the previous user of a connection", async () => {
  const { peers, services, connect } = await withPeers(1);
  const { connection } = connect();
  const verdict = closeOverUserLimit(connection, user, services);
  closeOverUserLimit(connection, guest, services); // its token expired
  peers.answer(0, 2);
  assertEquals([await verdict, connection.isClosed], [false, false]);
  assertEquals(peers.asked, [["42", 1], ["42", 0]]);
});

Deno.test("announceUserDisconnects() survives failures of other nodes", async () => {
  const { peers, services, connect } = await withPeers(1);
  const { connection } = connect();
  const verdict = closeOverUserLimit(connection, user, services);
  peers.answer(0, 1);
  await verdict;
  connection.close(1000);
  peers.refuse(1);
  assertEquals(peers.asked, [["42", 1], ["42", 0]]);
});

Deno.test("closeOverUserLimit() limits a user over two servers, and counts closed connections", async () => {
  const nodes = new JoinedNodes();
  const left = Promise.withResolvers<void>();
  const start = () =>
    startTestServer({
      config: { maxConnectionsPerUser: 1 },
      services(made) {
        const { registry } = made;
        const peers = nodes.join(made);
        return {
          peers: {
            ask: peers.ask,
            async countUser(userId, here) {
              const sum = await peers.countUser(userId, here);
              if (here === 0 && registry === one.services.registry) {
                left.resolve();
              }
              return sum;
            },
          },
        };
      },
    });
  await using one = await start();
  await using other = await start();
  const path = `/ws/realtime/a?token=${await signToken({ sub: "42" })}`;
  await using first = new TestSocket(one.ws(path));
  await first.nextOf("sync");
  await using second = new TestSocket(other.ws(path));
  assertEquals((await second.nextOf("error")).code, "too_many_connections");
  assertEquals((await second.closed).code, 4429);
  assertEquals(other.services.hub.watcherCount("a"), 0);
  first.raw.close();
  await left.promise;
  await using third = new TestSocket(other.ws(path));
  await third.nextOf("sync");
});

Deno.test("closeOverUserLimit() streams nothing before all nodes answered, or to a closed client", async () => {
  const peers = new HeldPeers();
  await using server = await startTestServer({
    config: { maxConnectionsPerUser: 1 },
    services: () => ({ peers }),
  });
  const token = await signToken({ sub: "42" });
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?token=${token}`),
  );
  await socket.nextOf("connected");
  const [connection] = server.services.registry.list();
  const ended = Promise.withResolvers<void>();
  connection?.onEnd(ended.resolve);
  assertEquals(server.services.hub.watcherCount("a"), 0);
  socket.raw.close();
  await ended.promise;
  peers.answer(0, 1);
  await using other = new TestSocket(server.ws("/ws/realtime/a"));
  await other.nextOf("sync");
  assertEquals(server.services.hub.watcherCount("a"), 1);
});

Deno.test("closeOverUserLimit() closes only the connection whose user can't be counted", async () => {
  const peers = new HeldPeers();
  await using server = await startTestServer({
    config: { maxConnectionsPerUser: 1 },
    services: () => ({ peers }),
  });
  const token = await signToken({ sub: "42" });
  await using guest = new TestSocket(server.ws("/ws/realtime/a"));
  await guest.nextOf("sync");
  guest.send({ type: "auth", token });
  await guest.nextOf("auth");
  peers.refuse(0);
  assertEquals((await guest.nextOf("error")).code, "internal_error");
  assertEquals((await guest.closed).code, 1011);
  await using next = new TestSocket(server.ws("/ws/realtime/a"));
  await next.nextOf("sync");
});
