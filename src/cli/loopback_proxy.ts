/** The local machine in the syntax of `NO_PROXY`. */
const loopback = "localhost,127.0.0.0/8,::1";

/**
 * Exempts the local machine from `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`,
 * by an entry in `NO_PROXY`. The runtime reads these variables at its first
 * request.
 */
export function exemptLoopback(): void {
  // As in the runtime, NO_PROXY takes precedence over no_proxy.
  const exempt = Deno.env.get("NO_PROXY") ?? Deno.env.get("no_proxy");
  Deno.env.set("NO_PROXY", exempt ? `${exempt},${loopback}` : loopback);
}
