import { parseIpAddress } from "./ip_address.ts";

/**
 * Finds the client address of a request, as far as it can be trusted. Each
 * proxy appends the address of its client to `X-Forwarded-For`, on the right.
 * Entries further left came with the request and may be forged.
 *
 * Entries therefore count from the right, one per trusted proxy. An entry that
 * is not an address (`unknown`) or the left end of the header stops the search:
 * the nearest known address then stands for the client.
 *
 * @param peer The remote address of the TCP connection.
 * @param forwardedFor The header's value; several are joined by commas (RFC
 * 9110 §5.3).
 * @param trustedProxies The number of proxies between the clients and this
 * server.
 */
export function remoteAddress(
  peer: string,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string {
  let address = parseIpAddress(peer) ?? peer;
  if (trustedProxies === 0 || forwardedFor === undefined) return address;
  const believed = forwardedFor.split(",").slice(-trustedProxies).reverse();
  for (const entry of believed) {
    const parsed = parseIpAddress(entry.trim());
    if (parsed === undefined) break;
    address = parsed;
  }
  return address;
}
