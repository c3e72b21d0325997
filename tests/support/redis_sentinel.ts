import { ForeignProgram } from "./foreign_program.ts";
import { freePort } from "./free_port.ts";
import type { RedisServer } from "./redis_server.ts";
import { makeTempDir } from "./temp_dir.ts";

/** A real Sentinel that watches one master with its replica, and puts the replica in its place; dispose of it to stop it. */
export interface RedisSentinel extends AsyncDisposable {
  /** Where it is, and what it calls the master: `redis://…?sentinel=main`. */
  readonly url: string;
  /** Resolves when it has made a replica the master. */
  failover(): Promise<void>;
}

/** Starts one, and waits until it knows the replica. */
export async function startSentinel(
  master: RedisServer,
): Promise<RedisSentinel> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempDir());
  const port = freePort();
  // It writes into its configuration.
  const file = await folder.write(
    "sentinel.conf",
    [
      `port ${port}`,
      "bind 127.0.0.1",
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      "sentinel down-after-milliseconds main 1000",
      "sentinel failover-timeout main 5000",
      "",
    ].join("\n"),
  );
  const program = stack.use(
    new ForeignProgram([
      ...["sh", "-c", 'exec redis-server "$@" >&2', "sh"],
      ...[file, "--sentinel"],
    ], { cwd: folder.path }),
  );
  await program.wrote(/\+slave /);
  const kept = stack.move();
  return {
    url: `redis://127.0.0.1:${port}?sentinel=main`,
    async failover() {
      await program.wrote(/\+switch-master /);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
