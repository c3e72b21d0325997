import { deadline } from "./deadline.ts";
import { freePort } from "./free_port.ts";
import { RedisServer } from "./redis_server.ts";

/** The number of slots in a Cluster. */
export const slotCount = 16_384;

/** A Cluster of three masters, without replicas. Disposing stops the Cluster. */
export class RedisCluster implements AsyncDisposable {
  readonly nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  /** Starts a Cluster, and waits until all masters agree on the slots. */
  static async start(): Promise<RedisCluster> {
    // Otherwise the nodes would use bus ports that the kernel may give to other
    // programs.
    const busPorts = [0, 1, 2].map(() => String(freePort()));
    const nodes = await Promise.all(
      busPorts.map((busPort) =>
        RedisServer.start({
          args: [
            ...["--cluster-enabled", "yes", "--cluster-config-file", "nodes"],
            ...["--cluster-node-timeout", "1000", "--cluster-port", busPort],
          ],
        })
      ),
    );
    const cluster = new RedisCluster(nodes);
    for (const [index, node] of nodes.entries()) {
      const [first, next] = [index, index + 1].map((part) =>
        Math.floor(part * slotCount / nodes.length)
      );
      await node.command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
      await node.command(
        ...["CLUSTER", "ADDSLOTSRANGE", `${first}`, `${Number(next) - 1}`],
      );
      if (index === 0) continue;
      const [port, busPort] = [nodes[0]?.port, busPorts[0]].map(String);
      await node.command(
        ...["CLUSTER", "MEET", "127.0.0.1", port ?? "", busPort ?? ""],
      );
    }
    await cluster.ready();
    return cluster;
  }

  /** All three, `redis://…?cluster`. */
  get url(): string {
    const hosts = this.nodes.map(({ port }) => `127.0.0.1:${port}`);
    return `redis://${hosts.join(",")}?cluster`;
  }

  /** Waits until the Cluster is complete. */
  async ready(): Promise<void> {
    const isWhole = async (node: RedisServer) => {
      const info = String(await node.command("CLUSTER", "INFO"));
      return info.includes("cluster_state:ok") &&
        info.includes("cluster_known_nodes:3");
    };
    const waiting = async () => {
      for (const node of this.nodes) {
        while (!await isWhole(node)) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    await deadline(waiting(), () => "the Cluster is not whole");
  }

  /** Sends a command to every master. */
  async command(...words: readonly string[]): Promise<void> {
    for (const node of this.nodes) await node.command(...words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}
