import { parseIpAddress } from "./ip_address.ts";

/**
 * Whose request it is, as far as that can be believed. Each proxy adds to
 * `X-Forwarded-For`, on the right, the address that it was called from; what
 * stands further left came with the request, and may be forged.
 *
 * So entries count from the right, one for each proxy that is ours. An entry
 * that is no address (`unknown`) ends the walk, as does the header's left end:
 * the client then stands for the nearest address known.
 *
 * @param peer The address at the other end of the TCP connection.
 * @param forwardedFor The header's value, several joined by commas (RFC 9110 §5.3).
 * @param trustedProxies How many proxies stand between the clients and this server.
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
