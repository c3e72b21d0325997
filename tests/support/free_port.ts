/** The number of ports to choose from. */
const choices = 9_000;

/**
 * Returns an unused port of loopback, for a server to keep over restarts.
 *
 * The port is below the kernel's range for outgoing connections. Otherwise a
 * client retrying while the server is away could be assigned the server's port
 * as its own, and the server would fail to start.
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
