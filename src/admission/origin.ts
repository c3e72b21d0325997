import type { Context } from "hono";
import { isIP } from "node:net";
import type { Config } from "../config/config.ts";
import { canonicalOrigin } from "../config/origin.ts";
import { maxOriginLength } from "../connections/handshake.ts";
import { isLoopback } from "../connections/ip_address.ts";

/** The settings that decide which pages may connect. */
export type OriginPolicy = Pick<Config, "host" | "origins" | "trustProxy">;

/** The headers that distinguish pages from scripts and programs. */
export interface PageRequest {
  /** The `Origin` header. */
  readonly origin?: string | undefined;
  /** The `Host` header, or `:authority` over HTTP/2. */
  readonly host?: string | undefined;
  /** `Sec-Fetch-Site`: sent only by browsers, and only to trustworthy hosts. */
  readonly fetchSite?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly acceptLanguage?: string | undefined;
}

/** Reads the headers of a request, before the upgrade makes them unreadable. */
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
 * Decides if the page behind a request may connect (RFC 6455 §10.2). Without
 * the check, any visited page could connect unnoticed.
 *
 * A foreign page is recognised by its `Origin`. A page of DNS rebinding, under
 * an attacker's host name resolving to this server, has the server's origin for
 * the browser. The `Host` of the page is unknown to the operator.
 *
 * @returns The reason for a refusal, with the origin and the setting to allow
 * it; `undefined` for a permitted request.
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
    return `Pages of ${shown} may not connect: this server does not know the host name ${
      shorten(host ?? "")
    } (a defence against DNS rebinding). Add the page's origin to TASKWIRE_ORIGINS, or set TASKWIRE_TRUST_PROXY if the server is behind a proxy`;
  }
  if (canonical === undefined || isOwnOrigin(canonical, host, policy)) return;
  return `Pages of ${shown} may not connect: add the origin ${shown} to TASKWIRE_ORIGINS to allow them`;
}

/**
 * Recognises browsers. A page cannot hide from the check.
 *
 * For an unencrypted request of a page to the page's own host, browsers send no
 * `Origin` and no `Sec-Fetch-Site`. Pages of DNS rebinding send the same
 * request. Browsers always send `Accept-Language`; pages can change but not
 * remove the header. Node's and Deno's `fetch` send the header as well.
 * Therefore the header identifies browsers only for a server on loopback, where
 * Node and Deno use a loopback name.
 */
function isBrowser(request: PageRequest, { host }: OriginPolicy): boolean {
  const { origin, fetchSite, userAgent, acceptLanguage } = request;
  return origin !== undefined || fetchSite !== undefined ||
    userAgent?.startsWith("Mozilla/") === true ||
    (acceptLanguage !== undefined && isLoopback(host));
}

/**
 * Decides if a page may reach the server under a `Host`. Attackers control only
 * names of their own: no loopback name, no IP address, and no host of an
 * allowed origin.
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

/** True for the server's own origin, or an origin on the same loopback. */
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

/** Returns the host of a `Host` header, in lower case and without port. */
function hostName(host: string | undefined): string | undefined {
  if (!host || /[\s/?#@\\]/.test(host)) return undefined;
  return URL.canParse(`http://${host}`)
    ? new URL(`http://${host}`).hostname
    : undefined;
}

function shorten(text: string): string {
  return text.slice(0, maxOriginLength);
}
