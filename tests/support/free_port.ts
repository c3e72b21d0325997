/** How many ports there are to choose from. */
const choices = 9_000;

/**
 * A port of loopback that nothing listens on, for a server that keeps it over
 * its restarts.
 *
 * It is below those that the kernel gives to outgoing connections. Else a
 * client that knocks while the server is away could be given the very port
 * that it knocks at, and the server would not get it back.
 */
export function freePort(): number {
  const first = firstEphemeralPort() - choices;
  for (;;) {
    const port = first + Math.floor(Math.random() * choices);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** The first port of outgoing connections (ip(7)); where the kernel does not say, IANA's (RFC 6335 §6). */
function firstEphemeralPort(): number {
  try {
    const path = "/proc/sys/net/ipv4/ip_local_port_range";
    return Number.parseInt(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 49_152;
    throw error;
  }
}
