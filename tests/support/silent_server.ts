/** A server to accept a single connection, without answering. */
export interface SilentServer extends AsyncDisposable {
  readonly port: number;
  /** Resolves when a client has connected. */
  readonly accepted: Promise<unknown>;
  /** Resolves when the client has hung up. */
  hungUp(): Promise<void>;
}

/** Listens on a free port of loopback. */
export function openSilentServer(): SilentServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  return {
    port: listener.addr.port,
    accepted,
    async hungUp() {
      const connection = await accepted;
      const bytes = new Uint8Array(1_024);
      while (await connection.read(bytes) !== null);
    },
    async [Symbol.asyncDispose]() {
      (await accepted).close();
      listener.close();
    },
  };
}
