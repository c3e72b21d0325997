import type { Context } from "hono";
import { isIP } from "node:net";
import type { Config } from "../config/config.ts";
import { canonicalOrigin } from "../config/origin.ts";
import { maxOriginLength } from "../connections/handshake.ts";
import { isLoopback } from "../connections/ip_address.ts";

/** The settings that decide which pages may connect. */
export type OriginPolicy = Pick<Config, "host" | "origins" | "trustProxy">;

/** The members of a request that tell a page from another client. */
export interface PageRequest {
  /** The `Origin` header. */
  readonly origin?: string | undefined;
  /** The `Host` header, or `:authority` over HTTP/2. */
  readonly host?: string | undefined;
  /** `Sec-Fetch-Site`: only browsers send it, and only to hosts that they trust. */
  readonly fetchSite?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly acceptLanguage?: string | undefined;
}

/** Reads the members of a request before its upgrade, after which they can't be read. */
export function readPageRequest(c: Context): PageRequest {
  const { req } = c;
  return {
    origin: req.header("origin"),
    host: req.header("host") ?? new URL(req.url).host, // HTTP/2 has no Host
    fetchSite: req.header("sec-fetch-site"),
    userAgent: req.header("user-agent"),
    acceptLanguage: req.header("accept-language"),
  };
}

/**
 * Decides whether the page behind a request may connect (RFC 6455 §10.2). Any
 * page that somebody visits can try to, unknown to its visitor.
 *
 * A foreign page betrays itself by its `Origin`. A page whose name an attacker
 * resolves to this server (DNS rebinding) does not: to the browser, page and
 * server have the same origin. Such a page betrays itself by a `Host` that the
 * operator has never named.
 *
 * @returns The reason for a refusal, with the origin and the setting that
 * would allow it; `undefined` for a request that may pass.
 */
export function originFault(
  request: PageRequest,
  policy: OriginPolicy,
): string | undefined {
  const { origin, host } = request;
  if (policy.origins.includes("*") || !isBrowser(request, policy)) return;
  const shown = shorten(origin ?? `http://${host}`);
  const canonical = origin && (canonicalOrigin(origin) ?? origin);
  if (canonical && policy.origins.includes(canonical)) return;
  if (!isOwnHost(host, policy)) {
    return `Pages of ${shown} may not connect: this server is not known by the host name ${
      shorten(host ?? "")
    } (a defence against DNS rebinding). Add the page's origin to TASKWIRE_ORIGINS, or set TASKWIRE_TRUST_PROXY if a proxy of yours stands before the server`;
  }
  if (canonical === undefined || isOwnOrigin(canonical, host, policy)) return;
  return `Pages of ${shown} may not connect: add the origin ${shown} to TASKWIRE_ORIGINS to allow them`;
}

/**
 * Tells browsers from other clients; the request of a page cannot pass for one
 * of another client.
 *
 * For a request of a page to its own host that is not encrypted, browsers send
 * neither `Origin` nor `Sec-Fetch-Site`, and that is the request of a page that
 * rebinds. They always send `Accept-Language`, which a page can change but not
 * remove; Node's and Deno's `fetch` send it as well, so that it is a mark of a
 * browser only for a server on loopback, where such clients use a loopback name.
 */
function isBrowser(request: PageRequest, { host }: OriginPolicy): boolean {
  const { origin, fetchSite, userAgent, acceptLanguage } = request;
  return origin !== undefined || fetchSite !== undefined ||
    userAgent?.startsWith("Mozilla/") === true ||
    (acceptLanguage !== undefined && isLoopback(host));
}

/**
 * Decides whether a page may reach the server by a `Host`. An attacker can make
 * only names of their own resolve to this server: no loopback name, no IP
 * address and no host of an allowed origin.
 */
function isOwnHost(host: string | undefined, policy: OriginPolicy): boolean {
  if (policy.trustProxy > 0) return true;
  const name = hostName(host);
  if (name === undefined) return false;
  if (isLoopbackName(name)) return true;
  const isListed = policy.origins.some((origin) =>
    /^https?:/.test(origin) && new URL(origin).hostname === name
  );
  if (isListed || isLoopback(policy.host)) return isListed;
  return isIP(name.replace(/^\[|\]$/g, "")) !== 0 ||
    name === hostName(policy.host);
}

/** Decides whether an origin that is not listed is the server's own, or of the same loopback. */
function isOwnOrigin(
  origin: string,
  host: string | undefined,
  policy: OriginPolicy,
): boolean {
  if (!/^https?:/.test(origin)) return false;
  const { protocol, hostname, host: originHost } = new URL(origin);
  if (isLoopback(policy.host) && isLoopbackName(hostname)) return true;
  return policy.origins.length === 0 && hostName(host) !== undefined &&
    new URL(`${protocol}//${host}`).host === originHost;
}

function isLoopbackName(hostname: string): boolean {
  return isLoopback(hostname) || /\.localhost\.?$/.test(hostname);
}

/** The host of a `Host` header, in lower case and without its port. */
function hostName(host: string | undefined): string | undefined {
  if (!host || /[\s/?#@\\]/.test(host)) return undefined;
  return URL.canParse(`http://${host}`)
    ? new URL(`http://${host}`).hostname
    : undefined;
}

function shorten(text: string): string {
  return text.slice(0, maxOriginLength);
}
