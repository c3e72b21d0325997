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

/** A server that listens. */
export interface RunningServer {
  /** Where it listens: the port taken, where 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  /**
   * Stops: see {@linkcode startServer}. Later calls wait for the first; from
   * the first one on that is not replaced nobody is let in.
   *
   * @param timeoutMs How long it may take; by default the drain time.
   */
  stop(timeoutMs?: number, options?: StopOptions): Promise<void>;
}

/** How a server stops. */
export interface StopOptions {
  /**
   * Whether others go on at the same port: then newcomers, some of whom still
   * come here, are served until the last moment.
   *
   * @default {false}
   */
  readonly isReplaced?: boolean;
}

/** How a server listens. */
export interface ListenOptions {
  /**
   * Whether other processes may listen on the same port: each then gets a share
   * of the connections.
   *
   * @default {false}
   */
  readonly reusePort?: boolean;
}

/** The share of the drain time in which watchers are sent away; the rest is for their goodbyes. */
const sendAwayShare = 0.5;

/** The time limit for sending the last answers and close frames, in milliseconds. */
const lastAnswersMs = 500;

/**
 * Starts to listen.
 *
 * `stop` refuses new sockets and requests, sends the open sockets away (1012),
 * spread over half the drain time so that they don't all come back at once,
 * lets the requests under way finish, and closes the store. It takes no longer
 * than the drain time, since a peer that stopped reading would keep the
 * listener open for ever.
 *
 * @throws {Deno.errors.AddrInUse} When the port is taken.
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
    let sendAwayMs = timeoutMs * sendAwayShare;
    if (isReplaced) {
      await sendAway(registry.list(), sendAwayMs, deadline);
      sendAwayMs = 0; // for those who have come meanwhile
    }
    registry.beginDrain();
    await sendAway(registry.list(), sendAwayMs, deadline);
    const leftMs = () => Math.max(0, deadline - performance.now());
    // `shutdown` would break off bodies that still arrive.
    await withFallback(requests.finish(), leftMs(), undefined);
    const shutdown = listener.shutdown();
    const isFinished = await withFallback(
      Promise.race([shutdown, registry.emptied()]).then(() => true),
      leftMs(),
      false,
    );
    // Before 2.9 Deno waits for connections, too, that never sent a request.
    await withFallback(shutdown, Math.min(leftMs(), lastAnswersMs), undefined);
    leases.stop();
    services.keySet?.[Symbol.dispose]();
    await store.close();
    log.info(
      isFinished
        ? "Stopped"
        : "Stopped at the end of the drain time, with {sockets} sockets that did not close",
      { sockets: registry.socketCount },
    );
  }
  return {
    address: listener.address,
    stop(timeoutMs, options) {
      // Also where it was replaced until now, and all are stopped.
      if (!options?.isReplaced) registry.beginDrain();
      return stopped ??= drain(timeoutMs, options);
    },
  };
}

/** Closes connections one after the other, evenly over a time; waits for their close frames. */
async function sendAway(
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
  // Else clients would see the runtime's own 1001; the last frame is on its way
  // a macrotask after it is with the runtime.
  await Promise.all(connections.map(({ closing }) => closing));
  await delay(0);
}
