import { isIPv4 } from "node:net";

/**
 * Normalizes an IP address, so that different spellings count as the same
 * address. IPv6 follows RFC 5952, without a zone. IPv4-mapped IPv6 (RFC 4291
 * §2.5.5.2) becomes IPv4. Brackets and ports are removed.
 *
 * @returns `undefined` if the text is not an IP address.
 */
export function parseIpAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, beforePort] = /^([^:]*):\d{1,5}$/.exec(text) ?? [];
  const [bare = ""] = (bracketed ?? beforePort ?? text).split("%");
  if (isIPv4(bare)) return bracketed === undefined ? bare : undefined;
  const url = `http://[${bare}]`;
  if (!/^[\da-f:.]+$/i.test(bare) || !URL.canParse(url)) return undefined;
  const address = new URL(url).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low].map((group) => parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff]).join(".");
}

/**
 * Decides if only this machine can reach a host (RFC 1122 §3.2.1.3, RFC 4291
 * §2.5.3).
 *
 * @param host A name or an address; IPv6 with or without brackets.
 */
export function isLoopback(host: string): boolean {
  if (/^localhost\.?$/i.test(host)) return true;
  const address = parseIpAddress(host);
  return address === "::1" || address?.startsWith("127.") === true;
}

/**
 * Returns the part of an address that limits count by. For IPv6 the /64,
 * because a customer is given a whole /64 with 2^64 addresses (RFC 6177).
 *
 * @param address An address returned by {@linkcode parseIpAddress}.
 */
export function addressBlock(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const tailLength = tail ? tail.split(":").length : 0;
  const zeros = tail === undefined ? 0 : 8 - groups.length - tailLength;
  const all = [
    ...groups,
    ...Array.from({ length: zeros }, () => "0"),
    ...(tail ? tail.split(":") : []),
  ];
  return `${all.slice(0, 4).join(":")}::/64`;
}
