import type { Hono } from "hono";
import { delay } from "./async/delay.ts";
import { withAnswerHeaders } from "./http/answer_headers.ts";
import { RequestsUnderWay } from "./http/requests_under_way.ts";
import { Listener } from "./listener.ts";
import { log } from "./log/log.ts";
import { closeCodes } from "./protocol/close_codes.ts";
import type { Services } from "./services.ts";
import type { Connection } from "./connections/connection.ts";
import { announceUserDisconnects } from "./admission/identity_limits.ts";
import { restarting } from "./connections/retry.ts";
import { withFallback } from "./async/with_fallback.ts";

/** A listening server. */
export interface RunningServer {
  /** The address of the server, with the port in use. */
  readonly address: { readonly host: string; readonly port: number };
  /**
   * Stops the server: see {@linkcode startServer}. Concurrent calls share one
   * shutdown. New connections are refused from the first call without
   * `isReplaced`.
   *
   * @param timeoutMs The time limit; by default the drain time.
   */
  stop(timeoutMs?: number, options?: StopOptions): Promise<void>;
}

/** The options for stopping a server. */
export interface StopOptions {
  /**
   * True if other processes keep listening on the same port. Until the last
   * moment, this process then serves arriving connections, too.
   *
   * @default {false}
   */
  readonly isReplaced?: boolean;
}

/** The options for listening. */
export interface ListenOptions {
  /**
   * Allows other processes to listen on the same port: the kernel distributes
   * the connections.
   *
   * @default {false}
   */
  readonly reusePort?: boolean;
}

/** The share of the drain time for disconnecting watchers. */
const disconnectShare = 0.5;

/** The time limit for sending the last answers and close frames, in milliseconds. */
const lastAnswersMs = 500;

/**
 * Starts to listen.
 *
 * `stop` refuses new sockets and requests, and disconnects the open sockets
 * (1012) over half the drain time, to spread the reconnects. Then `stop` lets
 * unfinished requests finish, and closes the store. `stop` takes at most the
 * drain time, since a client that stopped reading would keep the listener open
 * for ever.
 *
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export function startServer(
  app: Hono,
  services: Services,
  { reusePort = false }: ListenOptions = {},
): RunningServer {
  const { config, counters, leases, registry, store } = services;
  announceUserDisconnects(services);
  const requests = new RequestsUnderWay(config);
  const listener = new Listener({
    hostname: config.host,
    port: config.port,
    reusePort,
    handler: async (request, info) =>
      withAnswerHeaders(
        await requests.answer(request, info, () => app.fetch(request, info)),
      ),
    counters,
  });
  let stopped: Promise<void> | undefined;

  async function drain(
    timeoutMs = config.drainTimeoutSeconds * 1_000,
    { isReplaced = false }: StopOptions = {},
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    log.info("Stopping: {connections} connections to close", {
      connections: registry.openCount,
    });
    let disconnectMs = timeoutMs * disconnectShare;
    if (isReplaced) {
      await disconnectAll(registry.list(), disconnectMs, deadline);
      disconnectMs = 0; // for sockets opened meanwhile
    }
    registry.beginDrain();
    await disconnectAll(registry.list(), disconnectMs, deadline);
    const leftMs = () => Math.max(0, deadline - performance.now());
    // `shutdown` would break off arriving bodies.
    await withFallback(requests.finish(), leftMs(), undefined);
    const shutdown = listener.shutdown();
    const isFinished = await withFallback(
      Promise.race([shutdown, registry.emptied()]).then(() => true),
      leftMs(),
      false,
    );
    // Deno before 2.9 also waits for connections without any request.
    await withFallback(shutdown, Math.min(leftMs(), lastAnswersMs), undefined);
    leases.stop();
    services.keySet?.[Symbol.dispose]();
    await store.close();
    log.info(
      isFinished
        ? "Stopped"
        : "Stopped at the end of the drain time; {sockets} sockets did not close",
      { sockets: registry.socketCount },
    );
  }
  return {
    address: listener.address,
    stop(timeoutMs, options) {
      // Also if a replaced server is now told to stop for good.
      if (!options?.isReplaced) registry.beginDrain();
      return stopped ??= drain(timeoutMs, options);
    },
  };
}

/** Closes connections evenly over a time, and waits for the close frames. */
async function disconnectAll(
  connections: readonly Connection[],
  durationMs: number,
  deadline: number,
): Promise<void> {
  const startedAt = performance.now();
  for (const [index, connection] of connections.entries()) {
    const dueAt = startedAt + durationMs * index / connections.length;
    if (dueAt > performance.now()) await delay(dueAt - performance.now());
    const lingerMs = (deadline - performance.now()) / 2;
    connection.close(closeCodes.serviceRestart, restarting(), lingerMs);
  }
  // Otherwise clients would see the runtime's own 1001. The runtime sends the
  // last frame one macrotask after receiving it.
  await Promise.all(connections.map(({ closing }) => closing));
  await delay(0);
}
