/** This machine itself, as `NO_PROXY` names it. */
const loopback = "localhost,127.0.0.0/8,::1";

/**
 * Keeps requests to this machine away from the proxies that `HTTP_PROXY` and
 * its like name, as `NO_PROXY` does for other hosts. The runtime reads the
 * variables at its first request.
 */
export function exemptLoopback(): void {
  // The order of the runtime: a set NO_PROXY hides no_proxy.
  const exempt = Deno.env.get("NO_PROXY") ?? Deno.env.get("no_proxy");
  Deno.env.set("NO_PROXY", exempt ? `${exempt},${loopback}` : loopback);
}
