/**
 * Where ports are looked for: below those that the kernel gives to outgoing
 * connections (ip_local_port_range, from 32768). Else a client that knocks
 * while the server is away could be given the very port that it knocks at,
 * and the server would not get it back.
 */
const range = { first: 20_000, last: 32_000 };

/** A port of loopback that nothing listens on, for a server that keeps it over its restarts. */
export function freePort(): number {
  for (;;) {
    const { first, last } = range;
    const port = first + Math.floor(Math.random() * (last - first));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
