import { assertEquals, assertRejects } from "@std/assert";
import {
  type Task,
  type TaskList,
  TaskwireError,
} from "../../src/client/mod.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { deadline } from "../support/deadline.ts";
import { FakeSocket } from "../support/fake_sockets.ts";
import { published } from "../support/published.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";
import { WatchingClient } from "../support/watched.ts";

const ada = { user_id: "ada" };
const done = { status: "succeeded" };
const mine = { mine: true } as const;

const adaToken = await signToken({ sub: "ada" });

/** A client of the user Ada. */
function connectAda(
  { origin }: Pick<TestServer, "origin">,
  transport: "websocket" | "sse" = "websocket",
): WatchingClient {
  return new WatchingClient(origin, { transport, getToken: () => adaToken });
}

/** Reads lists until the list has the given tasks, each as `id` or `id status`, in order. */
async function becomes(
  lists: AsyncIterator<TaskList>,
  ...expected: string[]
): Promise<TaskList> {
  let seen = "nothing";
  const matches = async () => {
    for (;;) {
      const { done, value } = await lists.next();
      if (done) throw new Error("The list has ended");
      seen = describe(value);
      if (seen === expected.join(", ")) return value;
    }
  };
  return await deadline(matches(), () => seen);
}

function positionOf(
  { connection_id, epoch, offset }: Pick<
    Task,
    "connection_id" | "epoch" | "offset"
  >,
): string {
  return `${connection_id} ${epoch} ${offset}`;
}

function describe({ tasks }: TaskList): string {
  return tasks.map(({ connection_id, status }) =>
    status === "running" ? connection_id : `${connection_id} ${status}`
  ).join(", ");
}

for (const transport of ["websocket", "sse"] as const) {
  Deno.test(`Client.list() yields the whole list after each change, by ${transport}`, async () => {
    await using server = await startTestServer();
    await published(server, "a", ada);
    await published(server, "b", ada);
    await published(server, "other", { user_id: "eve" });
    const watching = connectAda(server, transport);
    const lists = watching.client.list(mine);
    const { complete } = await becomes(lists, "b", "a");
    assertEquals(complete, true);
    await published(server, "a", { progress: 0.5 });
    const { tasks: [task] } = await becomes(lists, "a", "b");
    assertEquals(task?.progress, 0.5);
    await published(server, "c", { ...ada, title: "Third" });
    await becomes(lists, "c", "a", "b");
    await published(server, "b", done);
    await becomes(lists, "b succeeded", "c", "a");
    await server.services.store.forget("c");
    await becomes(lists, "b succeeded", "a");
    await lists.return?.();
    await watching.closed();
    assertEquals(watching.errors, []);
  });

  Deno.test(`Client.list() asks for labels, status and limit, by ${transport}`, async () => {
    await using server = await startTestServer();
    const labels = ["team:7", "a&b"];
    await published(server, "a", { labels });
    await published(server, "b", { labels: ["team:7"] });
    await published(server, "c", { labels }, { status: "failed" });
    await published(server, "d", { labels }, done);
    const token = await signToken({ sub: "ada", labels: ["team:*"] });
    const watching = new WatchingClient(server.origin, {
      transport,
      getToken: () => token,
    });
    const lists = watching.client.list({
      labels,
      status: ["running", "failed"],
      limit: 1,
    });
    const { complete } = await becomes(lists, "c failed");
    assertEquals(complete, false);
    await published(server, "a", {});
    await becomes(lists, "a");
    watching.client.close();
    await watching.closed();
  });

  Deno.test(`Client.list() begins with a fresh list after a lost connection, by ${transport}`, async () => {
    await using server = await startTestServer();
    await using proxy = cutProxy(server.origin);
    await published(server, "a", ada);
    await published(server, "b", ada);
    const watching = connectAda(proxy, transport);
    const lists = watching.client.list(mine);
    await becomes(lists, "b", "a");
    proxy.cut();
    await server.services.store.forget("b");
    await published(server, "c", ada);
    proxy.mend();
    await becomes(lists, "c", "a");
    await published(server, "a", {});
    await becomes(lists, "a", "c");
    watching.client.close();
    await watching.closed();
  });

  Deno.test(`Client.list() ends equal to the list of the store, over lost connections, by ${transport}`, async () => {
    await using server = await startTestServer();
    await using proxy = cutProxy(server.origin);
    const { store } = server.services;
    const watching = connectAda(proxy, transport);
    const lists = watching.client.list({ mine: true, limit: 10 });
    await becomes(lists);
    for (let change = 0; change < 400; change++) {
      const id = `t${change * change * 7 % 31}`;
      if (change % 9 === 0) await store.forget(id);
      else await published(server, id, { ...ada, progress: change / 400 });
      if (change % 100 === 50) proxy.cut();
      if (change % 100 === 70) proxy.mend();
    }
    const states = (await store.list({ owner: "ada", limit: 10 })).states;
    const expected = states.map(({ snapshot }) => positionOf(snapshot)).sort();
    let seen: string[] = [];
    const becomesEqual = async () => {
      while (seen.join() !== expected.join()) {
        const { value } = await lists.next();
        seen = (value as TaskList).tasks.map(positionOf).sort();
      }
    };
    await deadline(becomesEqual(), () => `${seen}`);
    watching.client.close();
    await watching.closed();
  });

  Deno.test(`Client.list() throws the refusal of the server, by ${transport}`, async () => {
    await using server = await startTestServer();
    const guest = new WatchingClient(server.origin, { transport });
    await assertRejects(
      () => Array.fromAsync(guest.client.list(mine)),
      TaskwireError,
    );
    await guest.closed();
    const user = connectAda(server, transport);
    const { code, closeCode } = await assertRejects(
      () => Array.fromAsync(user.client.list({ labels: ["team:7"] })),
      TaskwireError,
    );
    assertEquals([code, closeCode], ["forbidden", 4403]);
    await user.closed();
  });

  Deno.test(`Client.list() throws the fault of a bad query, by ${transport}`, async () => {
    await using server = await startTestServer();
    for (
      const query of [{ mine: true, limit: 501 }, { labels: [] }, {
        mine: true,
        labels: ["a"],
      }]
    ) {
      const watching = connectAda(server, transport);
      const { code } = await assertRejects(
        () => Array.fromAsync(watching.client.list(query as never)),
        TaskwireError,
      );
      assertEquals(code, transport === "sse" ? "bad_query" : "bad_frame");
      await watching.closed();
    }
  });

  Deno.test(`Client.list() gets a new token if the first has expired, by ${transport}`, async () => {
    await using server = await startTestServer();
    await published(server, "a", ada);
    const tokens = [
      await signToken({ sub: "ada", exp: secondsFromNow(-60) }),
      adaToken,
    ];
    const watching = new WatchingClient(server.origin, {
      transport,
      getToken: () => tokens.shift(),
    });
    await becomes(watching.client.list(mine), "a");
    assertEquals(watching.stateNames.includes("waiting"), false);
    watching.client.close();
    await watching.closed();
  });

  Deno.test(`Client.list() goes on after an outage of the keys for tokens, by ${transport}`, async () => {
    let isDown = true;
    await using server = await startTestServer({
      services: ({ verifier }) => ({
        verifier: {
          verify: (token) =>
            isDown ? Promise.reject(new Error("down")) : verifier.verify(token),
        },
      }),
    });
    await published(server, "a", ada);
    const watching = connectAda(server, transport);
    const lists = watching.client.list(mine);
    const first = becomes(lists, "a");
    await watching.until(({ stateNames }) => stateNames.includes("waiting"));
    isDown = false;
    dispatchEvent(new Event("online"));
    await first;
    watching.client.close();
    await watching.closed();
  });

  Deno.test(`Client.list() ends by signal, without an error, by ${transport}`, async () => {
    await using server = await startTestServer();
    const watching = connectAda(server, transport);
    const controller = new AbortController();
    const lists = watching.client.list(mine, { signal: controller.signal });
    await becomes(lists);
    const next = lists.next();
    controller.abort();
    assertEquals(await next, { done: true, value: undefined });
    await watching.closed();
    const { signal } = controller;
    assertEquals(
      await Array.fromAsync(watching.client.list(mine, { signal })),
      [],
    );
  });
}

Deno.test("Client.list() shares the socket with tasks, and unsubscribes when left", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  const watching = connectAda(server);
  const watch = watching.client.watch("a");
  assertEquals((await watch.next()).value.type, "sync");
  for await (const list of watching.client.list(mine)) {
    assertEquals(describe(list), "a");
    break;
  }
  // The server takes the frames of a socket in order.
  const later = watching.client.watch("b");
  assertEquals((await later.next()).value.type, "sync");
  const { hub: { lists }, registry } = server.services;
  assertEquals([lists.listCount, registry.list().length], [0, 1]);
  await published(server, "a", {});
  assertEquals((await watch.next()).value.offset, 2);
  watching.client.close();
  await watching.closed();
});

Deno.test("Client.list() follows more lists than a socket may have", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  const watching = connectAda(server);
  const { client } = watching;
  const all = Array.from({ length: 15 }, () => client.list(mine));
  for (const lists of all) await becomes(lists, "a");
  await published(server, "b", ada);
  for (const lists of all) await becomes(lists, "b", "a");
  assertEquals(server.services.registry.list().length, 2);
  client.close();
  await watching.closed(2);
});

Deno.test("Client.list() and watch() continue over streams of their own if no WebSocket opens", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  await published(server, "b", { ...ada, labels: ["team:7"] });
  const token = await signToken({ sub: "ada", labels: ["team:7"] });
  const watching = new WatchingClient(server.origin, {
    getToken: () => token,
    WebSocket: class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        queueMicrotask(() => this.end(1006));
      }
    },
  });
  const { client } = watching;
  const lists = client.list(mine);
  const watch = client.watch("a");
  const team = client.list({ labels: ["team:7"] });
  await becomes(lists, "b", "a");
  await becomes(team, "b");
  assertEquals((await watch.next()).value.type, "sync");
  await published(server, "a", done);
  await becomes(lists, "a succeeded", "b");
  assertEquals((await watch.next()).value.status, "succeeded");
  client.close();
  await watching.closed(3);
});

Deno.test("Client.list() skips to the newest list for a slow consumer", async () => {
  await using server = await startTestServer();
  const watching = connectAda(server);
  const slow = watching.client.list(mine);
  const fast = watching.client.list(mine);
  await becomes(fast);
  for (const id of ["a", "b", "c"]) {
    await published(server, id, ada, done);
  }
  const ids = ["c succeeded", "b succeeded", "a succeeded"];
  await becomes(fast, ...ids);
  assertEquals(describe((await slow.next()).value), ids.join(", "));
  watching.client.close();
  await watching.closed();
});
