/**
 * The advice for each likely cause of failed checks. If checks fail for several
 * causes, the first in this table explains the others best.
 */
export const adviceByCause = {
  unreachable:
    "no server is there: start it with 'taskwire serve', or name the right address (taskwire check URL, or TASKWIRE_URL)",
  unknown_host:
    "the host name is wrong or not in DNS yet: check the address, then the DNS entry",
  untrusted_certificate:
    "the certificate comes from an authority of your own: add that authority to this machine's certificates and set DENO_TLS_CA_STORE=mozilla,system, or name its file too with SSL_CERT_FILE=authority.pem",
  bad_certificate:
    "the certificate does not fit: check its dates, and that it names the host in the address",
  no_tls: "the port speaks plain HTTP: use http:// in the address",
  only_tls: "the port speaks TLS: use https:// in the address",
  redirected:
    "a redirect stands before the server, and WebSocket clients and publishers do not follow any: use the address that it points to",
  login:
    "something before the server asks for a login of its own: let /ws, /sse and /api through to taskwire, which checks tokens and keys itself",
  not_passed_on:
    "a proxy does not pass WebSocket upgrades on, or sends the path to another server: 'taskwire print nginx' and 'taskwire print haproxy' show the settings, and the same check past the proxy shows which it is",
  unanswered:
    "a proxy speaks HTTP/1.0 to the server, as nginx does unless told otherwise, or passes nothing on: set 'proxy_http_version 1.1' ('taskwire print nginx' shows the settings). The server's log names handshakes over HTTP/1.0",
  upgrade_with_body:
    "a proxy sends an Upgrade header with requests that have a body, which are refused without a word: pass Upgrade on for WebSockets alone ('taskwire print nginx' and 'taskwire print haproxy' show how)",
  unavailable:
    "the server is starting, stopping or full, or a proxy finds none behind it: its log and /readyz say which",
  cut:
    "the connection is cut: check the proxies and firewalls on the way, and the server's log",
  buffered:
    "a proxy holds the stream back: turn its response buffering and compression off for /sse ('taskwire print nginx' shows how)",
  other_secret:
    "TASKWIRE_JWT_SECRET here is not the server's: give both the same one",
  other_token:
    "the server does not accept the token: the reason above says what to change in it, or in the server's TASKWIRE_JWT_… settings",
  verifier:
    "the server cannot check tokens: its log says why (for TASKWIRE_JWKS_URL: is the issuer reachable from the server?)",
  other_key:
    "the first key in TASKWIRE_API_KEYS here is none of the server's: give both the same one",
  no_token:
    "nothing but the check itself, which had no good token to try: set TASKWIRE_JWT_SECRET to the server's, or pass --token",
} as const satisfies Record<string, string>;

/** The likely cause of a fault. */
export type Cause = keyof typeof adviceByCause;

/** A fault that a check has found. */
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
    "nothing listens there, or it refuses connections",
  ],
  [
    /dns error|failed to lookup/i,
    "unknown_host",
    "the host name does not resolve",
  ],
  [
    /invalid peer certificate: (?:UnknownIssuer|Other\(OtherError\(CaUsedAsEndEntity)/,
    "untrusted_certificate",
    "the certificate is signed by no authority that this program trusts",
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
 * Puts the runtime's words for a failed `fetch` or WebSocket into ours.
 *
 * @returns A fault without any URL in it.
 */
export function networkFault(error: Error | string): Fault {
  // Newer runtimes say "fetch failed" and keep the reason in the cause.
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
