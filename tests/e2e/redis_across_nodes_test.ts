import { assertEquals, assertNotEquals } from "@std/assert";
import { deadline } from "../support/deadline.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { Nodes, type TaskwireNode } from "../support/nodes.ts";
import { RedisServer } from "../support/redis_server.ts";
import { type Frame, TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

const test = needs("redis-server");

test(
  "each of three nodes gives the same answers",
  async (t) => {
    await using server = await RedisServer.start();
    await using nodes = await Nodes.start({
      store: server.url,
      env: { TASKWIRE_MAX_CONNECTIONS_PER_USER: "3" },
    });
    const three = [nodes.at(0), nodes.at(1), nodes.at(2)] as const;
    const [a, b, c] = three;

    await t.step("`delivered` and `watchers` count all nodes", async () => {
      const id = "sum/1";
      await a.publish(id);
      await using stack = new AsyncDisposableStack();
      const joined: TestSocket[] = [];
      const counts: unknown[] = [];
      for (const node of [a, a, b, b, b, c]) {
        const socket = stack.use(open(node, id));
        joined.push(socket);
        counts.push(snapshotOf(await socket.nextOf("sync")).watchers);
      }
      assertEquals(counts, [1, 2, 3, 4, 5, 6]);
      for (const node of three) {
        assertEquals((await node.publish(id)).delivered, 6);
        const answer = await node.call(`GET /api/tasks/${encoded(id)}`);
        assertEquals(answer.json().watchers, 6);
        const { tasks } = (await node.call("GET /api/tasks")).json();
        const [task] = tasks as Frame[];
        assertEquals(task?.watchers, 6);
      }
      for (const socket of joined) {
        assertEquals((await socket.nextOf("task")).offset, 2);
      }
      for (const socket of joined.slice(0, 4)) {
        await socket[Symbol.asyncDispose]();
      }
      // The node learns about the close after a while.
      await eventually(async () => (await a.publish(id)).delivered === 2);
    });

    await t.step(
      "a cancel reaches watchers and worker everywhere",
      async () => {
        const id = "cancel/1";
        await a.publish(id, { user_id: 42 });
        const token = await signToken({ sub: "42" });
        await using byApi = open(c, id, token);
        await byApi.nextOf("sync");
        await b.call(`POST /api/tasks/${encoded(id)}/cancel`);
        assertEquals(await byApi.nextFrame(), {
          type: "cancel_requested",
          connection_id: id,
        });
        assertEquals((await a.publish(id)).cancel_requested, true);

        const other = "cancel/2";
        await a.publish(other, { user_id: 42 });
        await using watcher = open(c, other, token);
        await using owner = open(b, other, token);
        await watcher.nextOf("sync");
        await owner.nextOf("sync");
        owner.send({ type: "cancel", connection_id: other });
        const noted = { type: "cancel_requested", connection_id: other };
        assertEquals(await watcher.nextFrame(), noted);
        assertEquals(await owner.nextFrame(), noted);
        assertEquals((await a.publish(other)).cancel_requested, true);
      },
    );

    await t.step(
      "a task is forgotten everywhere, and begins anew",
      async () => {
        const id = "forget/1";
        const before = await a.publish(id);
        await using watcher = open(b, id);
        await watcher.nextOf("sync");
        const { status } = await a.call(`DELETE /api/tasks/${encoded(id)}`);
        assertEquals(status, 204);
        assertEquals(await watcher.nextFrame(), {
          type: "deleted",
          connection_id: id,
        });
        assertEquals(
          (await c.call(`GET /api/tasks/${encoded(id)}`)).status,
          404,
        );
        const after = await c.publish(id);
        assertEquals(after.offset, 1);
        assertNotEquals(after.epoch, before.epoch);
        const sync = await watcher.nextFrame();
        assertEquals([sync.type, sync.epoch], ["sync", after.epoch]);
        if (sync.offset === 0) {
          assertEquals((await watcher.nextFrame()).offset, 1);
        } else assertEquals(sync.offset, 1);
      },
    );

    await t.step("a private task is private everywhere", async () => {
      const id = "private/1";
      await using early = open(b, id);
      await early.nextOf("sync");
      await a.publish(id, { user_id: "ada" });
      assertEquals(await closeCode(early), 4403);
      for (const node of three) {
        await using guest = open(node, id);
        assertEquals(await closeCode(guest), 4403);
        await using ada = open(node, id, await signToken({ sub: "ada" }));
        assertEquals(snapshotOf(await ada.nextOf("sync")).status, "running");
      }
    });

    await t.step(
      "connections are listed and closed from any node",
      async () => {
        const id = "listed/1";
        await using stack = new AsyncDisposableStack();
        const sockets = three.map((node) => stack.use(open(node, id)));
        await Promise.all(sockets.map((socket) => socket.nextOf("sync")));
        const path = "/api/connections";
        const lists = await Promise.all(three.map(async (node) => {
          const answer = await node.call(`GET ${path}?connection_id=${id}`);
          const { connections } = answer.json();
          return (connections as Frame[]).map(({ id }) => String(id));
        }));
        const [ids = []] = lists;
        assertEquals(new Set(ids).size, 3);
        for (const list of lists) assertEquals(list.toSorted(), ids.toSorted());
        for (const [index, connection] of ids.entries()) {
          const asked = nodes.at(index + 1);
          const { status } = await asked.call(`DELETE ${path}/${connection}`);
          assertEquals(status, 204);
        }
        const codes = await Promise.all(sockets.map(closeCode));
        assertEquals(codes, [4409, 4409, 4409]);
        const { status } = await a.call(
          `DELETE ${path}/${crypto.randomUUID()}`,
        );
        assertEquals(status, 404);
      },
    );

    await t.step("stats are the sums of all nodes", async () => {
      const id = "stats/1";
      const statsOf = async (node: TaskwireNode) =>
        (await node.call("GET /api/stats")).json();
      // The closed connection is removed after a while.
      await eventually(async () => (await statsOf(a)).connections === 0);
      const before = (await statsOf(a)).totals as Record<string, number>;
      await using stack = new AsyncDisposableStack();
      for (const node of three) {
        await stack.use(open(node, id)).nextOf("sync");
      }
      for (const node of three) await node.publish(id);
      for (const node of three) {
        const { nodes, silent_nodes, connections, totals } = await statsOf(
          node,
        );
        assertEquals([nodes, silent_nodes, connections], [3, undefined, 3]);
        const { published, delivered } = totals as Record<string, number>;
        assertEquals(
          [
            Number(published) - Number(before.published),
            Number(delivered) - Number(before.delivered),
          ],
          [3, 9],
        );
      }
    });

    await t.step("a user's limit counts all nodes", async () => {
      const token = await signToken({ sub: "limited" });
      await using stack = new AsyncDisposableStack();
      const sockets: TestSocket[] = [];
      for (const node of three) {
        const socket = stack.use(open(node, "limit/1", token));
        sockets.push(socket);
        await socket.nextOf("sync");
      }
      for (const node of three) {
        await using fourth = open(node, "limit/1", token);
        assertEquals(await closeCode(fourth), 4429);
      }
      await sockets[0]?.[Symbol.asyncDispose]();
      // A different node learns about the close after a while.
      await eventually(async () => {
        await using again = open(b, "limit/1", token);
        assertEquals((await again.nextFrame()).type, "connected");
        const { type } = await again.nextFrame();
        if (type === "sync") return true;
        assertEquals([type, await closeCode(again)], ["error", 4429]);
        return false;
      });
    });

    await t.step(
      "a lease ends, and watchers count no more, though their node is killed",
      async () => {
        await using stays = open(b, "gone/1");
        await using goes = open(a, "gone/1");
        await using watcher = open(b, "lease/watched");
        for (const socket of [stays, goes, watcher]) {
          await socket.nextOf("sync");
        }
        assertEquals((await c.publish("gone/1")).delivered, 2);
        await a.publish("lease/watched", { lease: 1 });
        await a.publish("lease/unwatched", { lease: 1 });
        await a.kill();
        assertEquals((await watcher.nextOf("task")).status, "running");
        const lost = await watcher.nextOf("task");
        assertEquals([lost.status, lost.offset], ["lost", 2]);

        await using late = open(c, "lease/unwatched");
        const { status, offset } = snapshotOf(await late.nextOf("sync"));
        if (status !== "lost") {
          const lost = await late.nextOf("task");
          assertEquals([lost.status, lost.offset], ["lost", 2]);
        } else assertEquals(offset, 2);
        // The worker continues on a different node.
        assertEquals((await b.publish("lease/watched")).offset, 3);
        const events = await c.history("lease/watched");
        assertEquals(
          events.map(({ status }) => status),
          ["running", "lost", "running"],
        );

        await eventually(async () =>
          (await c.publish("gone/1")).delivered === 1
        );
        const list = await c.call("GET /api/connections?connection_id=gone/1");
        assertEquals((list.json().connections as Frame[]).length, 1);
        const { tasks } = (await c.call("GET /api/tasks?limit=1")).json();
        const [{ connection_id, watchers } = {}] = tasks as Frame[];
        assertEquals([connection_id, watchers], ["gone/1", 1]);
      },
    );
  },
);

/** Returns the close code of a socket. */
async function closeCode({ closed }: TestSocket): Promise<number> {
  return (await deadline(closed, () => "the socket is open")).code;
}

function open(
  node: TaskwireNode,
  taskId: string,
  token?: string,
): TestSocket {
  const query = token === undefined ? "" : `?token=${token}`;
  return new TestSocket(
    node.ws(`/ws/realtime/${encoded(taskId)}`) + query,
  );
}

function encoded(taskId: string): string {
  return encodeURIComponent(taskId);
}

/** Returns the task of a `sync`. */
function snapshotOf({ task }: Frame): Frame {
  return task as Frame;
}
