import { delay } from "../../src/async/delay.ts";

/** A proxy for TCP connections to a server, until cut or stalled. */
export interface CutProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly port: number;
  /** Breaks off all connections, without a word, and passes no more on. */
  cut(): void;
  /** Forwards connections again; to a different server if given. */
  mend(origin?: string): void;
  /**
   * Stops forwarding without closing connections, like a network that loses
   * every packet: open connections stay open, new connections are accepted, and
   * bytes and ends of connections are held.
   */
  stall(): void;
  /** Forwards again, beginning with the held bytes. */
  resume(): void;
}

/**
 * Listens on a free port of loopback for a server.
 *
 * @param latencyMs The delay of bytes in either direction, as for a distant
 * server.
 */
export function cutProxy(origin: string, latencyMs = 0): CutProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const passing: Promise<unknown>[] = [];
  const gate = new Gate();
  let target = new URL(origin);
  let isCut = false;

  function close(connection: Deno.Conn): void {
    if (!connections.delete(connection)) return;
    try {
      connection.close();
    } catch (error) {
      // The runtime itself closes a connection after the end of both streams.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async function pass(client: Deno.Conn): Promise<void> {
    connections.add(client);
    if (isCut) return close(client);
    const { hostname, port } = target;
    const server = await Deno.connect({ hostname, port: Number(port) })
      .catch(() => undefined); // the server may be away
    if (server === undefined || isCut) {
      server?.close();
      return close(client);
    }
    connections.add(server);
    const options = { preventClose: true };
    await Promise.allSettled([
      client.readable.pipeThrough(gated(gate, latencyMs)).pipeTo(
        server.writable,
        options,
      ),
      server.readable.pipeThrough(gated(gate, latencyMs)).pipeTo(
        client.writable,
        options,
      ),
    ].map((piping) =>
      piping.finally(() => {
        close(client);
        close(server);
      })
    ));
  }

  const accepting = (async () => {
    for await (const client of listener) passing.push(pass(client));
  })();
  const cut = () => {
    isCut = true;
    connections.forEach(close);
    gate.open(); // to let the held bytes end
  };
  const { port } = listener.addr;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    cut,
    mend(origin) {
      if (origin) target = new URL(origin);
      isCut = false;
    },
    stall: () => gate.close(),
    resume: () => gate.open(),
    async [Symbol.asyncDispose]() {
      listener.close();
      cut();
      await accepting;
      await Promise.allSettled(passing);
    },
  };
}

/** Lets bytes pass while open. */
class Gate {
  #opened: Promise<void> = Promise.resolve();
  #open = () => {};

  /** Resolves when the gate is open. */
  get opened(): Promise<void> {
    return this.#opened;
  }

  close(): void {
    this.open(); // wakes the waiters of the previous promise
    this.#opened = new Promise((resolve) => this.#open = resolve);
  }

  open(): void {
    this.#open();
  }
}

/** Forwards bytes and the end of a stream while a gate is open. */
function gated(
  gate: Gate,
  latencyMs: number,
): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    async transform(chunk, controller) {
      if (latencyMs > 0) await delay(latencyMs);
      await gate.opened;
      controller.enqueue(chunk);
    },
    flush: () => gate.opened,
  });
}
