/** What passes connections on to a server, until it is cut. */
export interface CutProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Breaks off all connections, without a word, and passes no more on. */
  cut(): void;
  /** Passes connections on again; to another server where one is given. */
  mend(origin?: string): void;
}

/** Listens on a free port of loopback for a server. */
export function cutProxy(origin: string): CutProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const passing: Promise<unknown>[] = [];
  let target = new URL(origin);
  let isCut = false;

  function close(connection: Deno.Conn): void {
    if (connections.delete(connection)) connection.close();
  }

  async function pass(client: Deno.Conn): Promise<void> {
    connections.add(client);
    if (isCut) return close(client);
    const { hostname, port } = target;
    const server = await Deno.connect({ hostname, port: Number(port) })
      .catch(() => undefined); // it may be away
    if (server === undefined || isCut) {
      server?.close();
      return close(client);
    }
    connections.add(server);
    await Promise.allSettled([
      client.readable.pipeTo(server.writable, { preventClose: true }),
      server.readable.pipeTo(client.writable, { preventClose: true }),
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
  };
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    cut,
    mend(origin) {
      if (origin) target = new URL(origin);
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      cut();
      await accepting;
      await Promise.allSettled(passing);
    },
  };
}
