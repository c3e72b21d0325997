/**
 * The advice for each likely cause of failed checks. If checks fail for several
 * causes, the first in this table explains the rest best.
 */
export const adviceByCause = {
  unreachable:
    "no server runs at this address: start it with 'taskwire serve', or correct the address (taskwire check URL, or TASKWIRE_URL)",
  unknown_host:
    "the host name is wrong or not in DNS yet: check the address, then the DNS entry",
  untrusted_certificate:
    "the certificate comes from a private authority: add the authority to this machine's certificates and set DENO_TLS_CA_STORE=mozilla,system, or name the authority's file with SSL_CERT_FILE=authority.pem",
  bad_certificate:
    "the certificate does not match: check its dates, and the host names in it",
  no_tls: "the port speaks plain HTTP: use http:// in the address",
  only_tls: "the port speaks TLS: use https:// in the address",
  redirected:
    "the address redirects, and WebSocket clients and publishers do not follow redirects: use the target address",
  login:
    "a proxy in front of the server asks for a login: let /ws, /sse and /api through to taskwire, which checks tokens and keys itself",
  not_passed_on:
    "a proxy does not forward WebSocket upgrades, or sends the path to another server: 'taskwire print nginx' and 'taskwire print haproxy' show the settings. To find out, run the same check directly against the server",
  unanswered:
    "a proxy speaks HTTP/1.0 to the server, the default of nginx, or forwards nothing: set 'proxy_http_version 1.1' ('taskwire print nginx' shows the settings). The server's log reports handshakes over HTTP/1.0",
  upgrade_with_body:
    "a proxy sends an Upgrade header with requests that have a body, and the server's runtime refuses these without an explanation: forward Upgrade for WebSockets only ('taskwire print nginx' and 'taskwire print haproxy' show how)",
  unavailable:
    "the server is starting, stopping or full, or a proxy cannot reach the server: see the server's log and /readyz",
  cut:
    "the connection was cut: check the proxies and firewalls on the way, and the server's log",
  buffered:
    "a proxy buffers the stream: turn off the proxy's response buffering and compression for /sse ('taskwire print nginx' shows how)",
  other_secret:
    "TASKWIRE_JWT_SECRET here differs from the server's: set the same secret on both",
  other_token:
    "the server rejects the token: correct the token, or the server's TASKWIRE_JWT_… settings, according to the reason above",
  verifier:
    "the server cannot verify tokens: see its log (with TASKWIRE_JWKS_URL, check that the server can reach the issuer)",
  other_key:
    "the server does not know the first key in TASKWIRE_API_KEYS here: set the same key on both",
  no_token:
    "the server is fine, and only the check lacks a token: set TASKWIRE_JWT_SECRET to the server's secret, or pass --token",
} as const satisfies Record<string, string>;

/** The likely cause of a fault. */
export type Cause = keyof typeof adviceByCause;

/** A fault found by a check. */
export class Fault extends Error {
  override readonly name = "Fault";

  /** @param likelyCause If the fault points to one. */
  constructor(message: string, readonly likelyCause?: Cause) {
    super(message);
  }
}

const networkFaults: readonly (readonly [RegExp, Cause, string])[] = [
  [
    /tcp connect error|connection refused/i,
    "unreachable",
    "the connection was refused, or nothing listens at this address",
  ],
  [
    /dns error|failed to lookup/i,
    "unknown_host",
    "the host name does not resolve",
  ],
  [
    /invalid peer certificate: (?:UnknownIssuer|Other\(OtherError\(CaUsedAsEndEntity)/,
    "untrusted_certificate",
    "the certificate's authority is not trusted by this program",
  ],
  [
    /invalid peer certificate/,
    "bad_certificate",
    "the certificate is not valid for this address",
  ],
  [/InvalidContentType/, "no_tls", "the port does not speak TLS"],
  [/invalid HTTP version/, "only_tls", "the port does not speak plain HTTP"],
  [
    /connection closed|connection reset|operation was canceled|unexpected eof/i,
    "cut",
    "the connection was closed without an answer",
  ],
];

/**
 * Translates the runtime's error of a failed `fetch` or WebSocket.
 *
 * @returns A fault without URLs, since a URL may hold a token.
 */
export function networkFault(error: Error | string): Fault {
  // Newer runtimes report "fetch failed" and keep the reason in the cause.
  const message = typeof error === "string"
    ? error
    : error.cause instanceof Error
    ? error.cause.message
    : error.message;
  for (const [pattern, cause, words] of networkFaults) {
    if (pattern.test(message)) return new Fault(words, cause);
  }
  return new Fault(
    message.replace(/^NetworkError: /, "")
      .replace(/ (?:from \S+ )?for (?:url )?\(?https?:\S+( \(\S+\))?:/, ":"),
  );
}

/** Finds the likely cause of an unexpected HTTP status. */
export function causeOfStatus(status: number): Cause | undefined {
  if (status >= 300 && status < 400) return "redirected";
  if (status === 401 || status === 403) return "login";
  if (status >= 502 && status <= 504) return "unavailable";
  return "not_passed_on";
}
