import type { Counters } from "./metrics/counters.ts";
import { log } from "./log/log.ts";

/** The address and the handler of a {@linkcode Listener}. */
export interface ListenerOptions {
  readonly hostname: string;
  /** 0 for any free port; the listener keeps the port. */
  readonly port: number;
  /** Allows other processes to listen on the same port. */
  readonly reusePort: boolean;
  readonly handler: Deno.ServeHandler<Deno.NetAddr>;
  readonly counters: Pick<Counters, "acceptFailures">;
}

/** The pause before listening again, in milliseconds; doubled up to a limit. */
const firstPauseMs = 100;
const longestPauseMs = 1_000;

/** The working time, in milliseconds, after which an outage has ended. */
const settleMs = 5_000;

/** The interval, in milliseconds, for checking the listening socket. */
const checkIntervalMs = 500;

/**
 * True if the runtime reports a closed listening socket only after all its
 * connections have ended. Deno 2.4 does; Deno 2.9 reports at once.
 */
const reportsLate = /^2\.[0-8]\./.test(Deno.version.deno);

/**
 * Serves HTTP on a port until shutdown.
 *
 * `Deno.serve` stops listening at the first connection that can't be accepted,
 * for example because the process has no free file descriptor. Open connections
 * go on. The listener listens on the port again, until connections can be
 * accepted.
 */
export class Listener {
  readonly #options: ListenerOptions;
  /** The address and port in use. */
  readonly address: { readonly host: string; readonly port: number };
  #server: Deno.HttpServer<Deno.NetAddr>;
  #check: ReturnType<typeof setInterval> | undefined;
  /** Ends a pause or an outage. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pauseMs = firstPauseMs;
  /** The reasons logged in this outage. */
  readonly #reasons = new Set<string>();
  #isShutDown = false;

  /** @throws {Deno.errors.AddrInUse} If the port is taken. */
  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = this.#serve(options.port);
    const { hostname: host, port } = this.#server.addr;
    this.address = { host, port };
  }

  /** Stops listening. Resolves when all requests are answered. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    clearTimeout(this.#timer);
    clearInterval(this.#check);
    await this.#server.shutdown();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    const { hostname, reusePort, handler } = this.#options;
    const descriptor = reportsLate ? nextDescriptor() : undefined;
    const server = Deno.serve(
      { hostname, port, reusePort, onListen: () => {} },
      handler,
    );
    server.finished.catch((error) => this.#fail(server, error));
    if (descriptor !== undefined) this.#checkSocket(server, descriptor);
    return server;
  }

  /** Checks that the listening socket is open: the runtime reports late. */
  #checkSocket(
    server: Deno.HttpServer<Deno.NetAddr>,
    descriptor: number,
  ): void {
    const socket = readDescriptor(descriptor);
    if (!socket?.startsWith("socket:")) return;
    this.#check = setInterval(() => {
      if (readDescriptor(descriptor) === socket) return;
      this.#fail(server, new Error("the listening socket was closed"));
    }, checkIntervalMs);
  }

  /** Handles the end of a server: listens again after a pause. */
  #fail(server: Deno.HttpServer<Deno.NetAddr>, error: Error): void {
    if (this.#isShutDown || server !== this.#server) return;
    this.#retry(error);
  }

  #retry(error: Error): void {
    clearTimeout(this.#timer);
    clearInterval(this.#check);
    this.#options.counters.acceptFailures += 1;
    const reason = error.message.replace(/^Error: /, "");
    if (!this.#reasons.has(reason)) {
      this.#reasons.add(reason);
      log.error(
        "Cannot accept connections: {reason}. Open connections go on; retrying to listen. If the process has too few file descriptors, raise the limit (LimitNOFILE= of systemd, ulimit -n)",
        { reason },
      );
    }
    this.#timer = setTimeout(() => this.#listenAgain(), this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
  }

  #listenAgain(): void {
    try {
      this.#server = this.#serve(this.address.port);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return this.#retry(error);
    }
    this.#timer = setTimeout(() => {
      this.#reasons.clear();
      this.#pauseMs = firstPauseMs;
      log.info("Accepting connections again");
    }, settleMs);
  }
}

/** Returns the lowest free file descriptor, which will be opened next. */
function nextDescriptor(): number {
  let descriptor = 0;
  while (readDescriptor(descriptor) !== undefined) descriptor += 1;
  return descriptor;
}

/**
 * Returns the file of a descriptor (proc_pid_fd(5)); `undefined` if there is
 * none, or if the runtime denies access.
 */
function readDescriptor(descriptor: number): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}
