import { assertEquals, assertExists } from "@std/assert";
import { needs } from "../support/needs.ts";
import { Nodes } from "../support/nodes.ts";
import { blocksOf, readGuidePage } from "../support/markdown.ts";
import { RedisServer } from "../support/redis_server.ts";
import { TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

const test = needs("redis-server");

test(
  "the guide's ACL user and settings of Redis are sufficient for nodes",
  async () => {
    const { text } = await readGuidePage("scaling");
    const [user] = blocksOf(text, "acl");
    const [settings] = blocksOf(text, "conf");
    assertExists(user);
    assertExists(settings);
    await using server = await RedisServer.start({
      users: ["user default off", user.trim()],
      args: settings.trim().split(/\s+/).map((word, index) =>
        index % 2 === 0 ? `--${word}` : word
      ),
    });
    await using nodes = await Nodes.start({
      store: server.urlFor("taskwire", "a-password"),
      count: 2,
      env: {
        TASKWIRE_LOG: "warn",
        TASKWIRE_MAX_CONNECTIONS: "100",
        TASKWIRE_MAX_CONNECTIONS_PER_USER: "5",
      },
    });
    const [a, b] = [nodes.at(0), nodes.at(1)];
    const token = await signToken({ sub: "ada" });
    {
      await using watcher = new TestSocket(
        b.ws(`/ws/realtime/acl?token=${token}`),
      );
      await watcher.nextOf("sync");
      await a.publish("acl", { event_id: "one", lease: 1 });
      assertEquals((await watcher.nextOf("task")).offset, 1);
      // The lease expires, and a node has to notice.
      assertEquals((await watcher.nextOf("task")).status, "lost");
      const list = (await a.call("GET /api/connections")).json();
      assertEquals((list.connections as unknown[]).length, 1);
      assertEquals(list.silent_nodes, undefined);
      assertEquals((await a.call("POST /api/tasks/acl/cancel")).status, 200);
      assertEquals((await a.history("acl")).length, 2);
      assertEquals((await b.call("GET /api/tasks")).status, 200);
      assertEquals((await b.call("DELETE /api/tasks/acl")).status, 204);
    }
    for (const node of [a, b]) assertEquals((await node.stop()).log, "");
  },
);
