import { assertEquals, assertInstanceOf } from "@std/assert";
import type { Identity } from "../../src/auth/identity.ts";
import {
  noOtherNodes,
  type OtherNodes,
} from "../../src/cluster/other_nodes.ts";
import { createServices } from "../../src/create_services.ts";
import type { Services } from "../../src/services.ts";
import {
  announceUserDisconnects,
  closeOverUserLimit,
} from "../../src/admission/identity_limits.ts";
import { fakeConnection } from "../support/fake_connection.ts";
import { JoinedNodes } from "../support/joined_nodes.ts";
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
class HeldNodes implements OtherNodes {
  readonly ask = noOtherNodes.ask;
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

async function withHeldNodes(limit: number) {
  const otherNodes = new HeldNodes();
  const made = await createServices(
    testConfig({ maxConnectionsPerUser: limit }),
  );
  const services: Services = { ...made, otherNodes };
  announceUserDisconnects(services);
  const connect = () => {
    const fake = fakeConnection();
    services.registry.add(fake.connection);
    return fake;
  };
  return { otherNodes, services, connect };
}

Deno.test("closeOverUserLimit() counts a user's connections on all nodes", async () => {
  const { otherNodes, services, connect } = await withHeldNodes(2);
  const [{ connection: kept }, { connection: closed, transport }] = [
    connect(),
    connect(),
  ];
  const isKept = closeOverUserLimit(kept, user, services);
  otherNodes.answer(0, 2);
  assertEquals([await isKept, kept.isClosed], [false, false]);
  const isClosed = closeOverUserLimit(closed, user, services);
  otherNodes.answer(1, 3);
  assertEquals([await isClosed, closed.isClosed], [true, true]);
  assertEquals(transport.frames[0]?.code, "too_many_connections");
  assertEquals(transport.closes.map(({ code }) => code), [4429]);
  assertEquals(otherNodes.asked, [["42", 1], ["42", 2], ["42", 1]]);
});

Deno.test("closeOverUserLimit() asks no nodes and is synchronous without a limit", async () => {
  const { otherNodes, services, connect } = await withHeldNodes(0);
  const { connection } = connect();
  assertEquals(closeOverUserLimit(connection, user, services), false);
  assertEquals(closeOverUserLimit(connection, guest, services), false);
  connection.close(1000);
  assertEquals(otherNodes.asked, []);
});

Deno.test("closeOverUserLimit() is synchronous for guests and for renewed tokens", async () => {
  const { otherNodes, services, connect } = await withHeldNodes(1);
  const { connection } = connect();
  assertEquals(closeOverUserLimit(connection, guest, services), false);
  const first = closeOverUserLimit(connection, user, services);
  assertInstanceOf(first, Promise);
  otherNodes.answer(0, 1);
  await first;
  assertEquals(closeOverUserLimit(connection, user, services), false);
  assertEquals(otherNodes.asked, [["42", 1]]);
});

Deno.test("closeOverUserLimit() keeps the first of two simultaneous connections", async () => {
  const { otherNodes, services, connect } = await withHeldNodes(1);
  const [first, second] = [connect().connection, connect().connection];
  const verdicts = [first, second].map((connection) =>
    closeOverUserLimit(connection, user, services)
  );
  assertEquals(otherNodes.asked, [["42", 1], ["42", 2]]);
  otherNodes.answer(0, 1);
  otherNodes.answer(1, 2);
  assertEquals(await Promise.all(verdicts), [false, true]);
});

Deno.test("closeOverUserLimit() ignores a connection that ended during the count", async () => {
  const { otherNodes, services, connect } = await withHeldNodes(1);
  const { connection, transport } = connect();
  const verdict = closeOverUserLimit(connection, user, services);
  connection.ended();
  otherNodes.answer(0, 5);
  assertEquals([await verdict, transport.sent, transport.closes], [
    true,
    [],
    [],
  ]);
  assertEquals(otherNodes.asked, [["42", 1], ["42", 0]]);
});

Deno.test("closeOverUserLimit() does not announce a connection that ended before", async () => {
  const { otherNodes, services, connect } = await withHeldNodes(1);
  const { connection } = connect();
  connection.close(1000);
  assertEquals(await closeOverUserLimit(connection, user, services), true);
  assertEquals(otherNodes.asked, []);
});

Deno.test("closeOverUserLimit() does not close for the previous user of a connection", async () => {
  const { otherNodes, services, connect } = await withHeldNodes(1);
  const { connection } = connect();
  const verdict = closeOverUserLimit(connection, user, services);
  closeOverUserLimit(connection, guest, services); // its token expired
  otherNodes.answer(0, 2);
  assertEquals([await verdict, connection.isClosed], [false, false]);
  assertEquals(otherNodes.asked, [["42", 1], ["42", 0]]);
});

Deno.test("announceUserDisconnects() survives failures of other nodes", async () => {
  const { otherNodes, services, connect } = await withHeldNodes(1);
  const { connection } = connect();
  const verdict = closeOverUserLimit(connection, user, services);
  otherNodes.answer(0, 1);
  await verdict;
  connection.close(1000);
  otherNodes.refuse(1);
  assertEquals(otherNodes.asked, [["42", 1], ["42", 0]]);
});

Deno.test("closeOverUserLimit() limits a user over two servers, and counts closed connections", async () => {
  const nodes = new JoinedNodes();
  const left = Promise.withResolvers<void>();
  const start = () =>
    startTestServer({
      config: { maxConnectionsPerUser: 1 },
      services(made) {
        const { registry } = made;
        const otherNodes = nodes.join(made);
        return {
          otherNodes: {
            ask: otherNodes.ask,
            async countUser(userId, here) {
              const sum = await otherNodes.countUser(userId, here);
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
  const otherNodes = new HeldNodes();
  await using server = await startTestServer({
    config: { maxConnectionsPerUser: 1 },
    services: () => ({ otherNodes }),
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
  otherNodes.answer(0, 1);
  await using other = new TestSocket(server.ws("/ws/realtime/a"));
  await other.nextOf("sync");
  assertEquals(server.services.hub.watcherCount("a"), 1);
});

Deno.test("closeOverUserLimit() closes only the connection whose user can't be counted", async () => {
  const otherNodes = new HeldNodes();
  await using server = await startTestServer({
    config: { maxConnectionsPerUser: 1 },
    services: () => ({ otherNodes }),
  });
  const token = await signToken({ sub: "42" });
  await using guest = new TestSocket(server.ws("/ws/realtime/a"));
  await guest.nextOf("sync");
  guest.send({ type: "auth", token });
  await guest.nextOf("auth");
  otherNodes.refuse(0);
  assertEquals((await guest.nextOf("error")).code, "internal_error");
  assertEquals((await guest.closed).code, 1011);
  await using next = new TestSocket(server.ws("/ws/realtime/a"));
  await next.nextOf("sync");
});
