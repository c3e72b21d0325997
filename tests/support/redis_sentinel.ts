import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { ForeignProgram } from "./foreign_program.ts";
import { freePort } from "./free_port.ts";
import { type Reply, sendCommand } from "./resp.ts";
import type { RedisServer } from "./redis_server.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";

/** The master's name in Sentinel. */
const masterName = "tests";

/** A Sentinel for a master and its replicas, with a quorum of 1. Disposing stops the Sentinel. */
export class RedisSentinel implements AsyncDisposable {
  readonly port: number;
  readonly #program: ForeignProgram;
  readonly #folder: TempDir;

  private constructor(port: number, folder: TempDir) {
    this.port = port;
    this.#folder = folder;
    this.#program = new ForeignProgram([
      ...["sh", "-c", 'exec redis-server "$@" >&2', "sh"],
      ...[join(folder.path, "sentinel.conf"), "--sentinel"],
    ], { cwd: folder.path });
  }

  /** Starts a Sentinel, and waits until the Sentinel knows the master and a replica. */
  static async start(master: RedisServer): Promise<RedisSentinel> {
    const folder = await makeTempDir();
    const port = freePort();
    await folder.write(
      "sentinel.conf",
      [
        `port ${port}`,
        "bind 127.0.0.1",
        `dir ${folder.path}`,
        `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
        `sentinel down-after-milliseconds ${masterName} 500`,
        `sentinel failover-timeout ${masterName} 5000`,
        "",
      ].join("\n"),
    );
    const sentinel = new RedisSentinel(port, folder);
    await sentinel.#program.wrote(/\+slave /);
    return sentinel;
  }

  /** The URL for finding the master. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}?sentinel=${masterName}`;
  }

  /** Sends a command over a new connection. */
  async command(...words: readonly string[]): Promise<Reply> {
    using connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: this.port,
    });
    return await sendCommand(connection, ...words);
  }

  /** Waits until a different server has become the master. */
  async switched(): Promise<void> {
    await this.#program.wrote(/\+switch-master /);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** Waits until a replica has all data that the master has now. */
export async function replicated(
  master: RedisServer,
  replica: RedisServer,
): Promise<void> {
  const infoOf = async (server: RedisServer) =>
    String(await server.command("INFO", "replication"));
  const offsetIn = (info: string, name: string) =>
    Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? NaN);
  const written = offsetIn(await infoOf(master), "master_repl_offset");
  await eventually(async () => {
    const info = await infoOf(replica);
    return info.includes("master_link_status:up") &&
      offsetIn(info, "slave_repl_offset") >= written;
  });
}
