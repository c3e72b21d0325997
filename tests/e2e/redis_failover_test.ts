import { assert } from "@std/assert";
import { cutProxy } from "../support/cut_proxy.ts";
import { eventually } from "../support/eventually.ts";
import { runTool } from "../support/external_tool.ts";
import { freePort } from "../support/free_port.ts";
import { LoadedNodes } from "../support/loaded_nodes.ts";
import { needs } from "../support/needs.ts";
import { RedisSentinel } from "../support/redis_sentinel.ts";
import { RedisServer } from "../support/redis_server.ts";

const test = needs("redis-server");

test(
  "a replica promoted by Sentinel continues without a silent gap",
  async () => {
    await using master = await RedisServer.start({
      args: ["--repl-diskless-sync-delay", "0"],
    });
    await using replica = await RedisServer.start({
      args: ["--replicaof", "127.0.0.1", String(master.port)],
    });
    await replica.logged(/sync: Finished with success/);
    await using sentinel = await RedisSentinel.start(master);
    await using loaded = await LoadedNodes.start({ store: sentinel.url });
    const { all } = loaded.nodes;
    await master.kill();
    await loaded.unavailable(all);
    await sentinel.switched();
    // A master may acknowledge events before they reach the replica.
    const forgiven = loaded.publishers.acknowledged.length;
    await loaded.available(all);
    await loaded.conclude("a replica in the master's place", "gone", forgiven);
  },
);

test(
  "a replica without the latest events, at the master's address, continues without a silent gap",
  async () => {
    const options = { appendFsync: "always" } as const;
    await using master = await RedisServer.start({
      ...options,
      args: ["--repl-diskless-sync-delay", "0"],
    });
    await using replication = cutProxy(`http://127.0.0.1:${master.port}`);
    await using replica = await RedisServer.start({
      ...options,
      args: ["--replicaof", "127.0.0.1", String(replication.port)],
    });
    await replica.logged(/sync: Finished with success/);
    await using proxy = cutProxy(`http://127.0.0.1:${master.port}`);
    await using loaded = await LoadedNodes.start({
      store: `redis://127.0.0.1:${proxy.port}`,
    });
    replication.stall();
    // About one event per task.
    await loaded.publishers.acknowledgements(6);
    proxy.cut();
    await master.kill();
    await replica.command("REPLICAOF", "NO", "ONE");
    const forgiven = loaded.publishers.acknowledged.length;
    proxy.mend(`http://127.0.0.1:${replica.port}`);
    await loaded.available(loaded.nodes.all);
    await loaded.conclude("a replica that lacks the end", "gone", forgiven);
  },
);

test(
  "a Cluster of three holds the tasks of three nodes, and survives a restart of a master",
  async () => {
    await using stack = new AsyncDisposableStack();
    const servers = await Promise.all([0, 1, 2].map(() =>
      RedisServer.start({
        appendFsync: "always",
        args: [
          ...["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"],
          ...["--cluster-port", String(freePort())],
        ],
      })
    ));
    for (const server of servers) stack.use(server);
    const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
    const made = await runTool("redis-cli", [
      ...["--cluster", "create", ...addresses, "--cluster-yes"],
    ]);
    assert(made.success, made.output);
    await Promise.all(servers.map(isWhole));
    await using loaded = await LoadedNodes.start({
      store: `redis://${addresses.join()}?cluster`,
    });
    const { all } = loaded.nodes;
    const [, killed] = servers;
    assert(killed);
    await killed.kill();
    await loaded.unavailable(all);
    await killed.restart();
    await Promise.all(servers.map(isWhole));
    await loaded.available(all);
    await loaded.conclude("one of a Cluster killed, and back", "kept");
  },
);

/** Waits until a node of a Cluster knows all nodes. */
async function isWhole(server: RedisServer): Promise<void> {
  await eventually(async () =>
    String(await server.command("CLUSTER", "INFO")).includes("cluster_state:ok")
  );
}
