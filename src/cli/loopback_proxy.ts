/** The local machine in the syntax of `NO_PROXY`. */
const loopback = "localhost,127.0.0.0/8,::1";

/** The value of `NO_PROXY` before {@linkcode exemptLoopback}. */
let given: string | undefined;

/**
 * Exempts the local machine from `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`,
 * by an entry in `NO_PROXY`. The runtime reads these variables at its first
 * request.
 */
export function exemptLoopback(): void {
  given = Deno.env.get("NO_PROXY");
  // As in the runtime, NO_PROXY takes precedence over no_proxy.
  const exempt = given ?? Deno.env.get("no_proxy");
  Deno.env.set("NO_PROXY", exempt ? `${exempt},${loopback}` : loopback);
}

/** Starts a process of another program, with the `NO_PROXY` that this process was given. */
export function withGivenProxies<T>(start: () => T): T {
  const exempting = Deno.env.get("NO_PROXY");
  if (given === undefined) Deno.env.delete("NO_PROXY");
  else Deno.env.set("NO_PROXY", given);
  try {
    return start();
  } finally {
    if (exempting !== undefined) Deno.env.set("NO_PROXY", exempting);
  }
}
