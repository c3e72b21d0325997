/** The location of Redis, parsed from `TASKWIRE_STORE`. */
export interface RedisAddress {
  /** A single server, Sentinels that know the master, or nodes of a Cluster. */
  readonly kind: "server" | "sentinel" | "cluster";
  readonly hosts: readonly RedisHost[];
  readonly isTls: boolean;
  /** An ACL user. */
  readonly username?: string;
  readonly password?: string;
  /** The number of the database; 0 in a Cluster. */
  readonly database: number;
  /** The Sentinels' name for the master. */
  readonly masterName?: string;
}

/** A TCP address. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** The URL form accepted by {@linkcode parseRedisUrl}, in words. */
export const redisUrlForm =
  "redis://[[user:]password@]host[:port][/database], rediss:// for TLS; several hosts, comma-separated, with ?sentinel=MASTER or ?cluster";

const form =
  /^(rediss?):\/\/(?:(?<user>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<database>\d{0,5}))?(?:\?(?<query>[^#]*))?$/;

const hostForm =
  /^(?<host>\[[\da-fA-F:.]+\]|[^:[\]\s]+)(?::(?<port>\d{1,5}))?$/;

/**
 * Parses the URL of a Redis store: IANA's `redis` and `rediss` schemes,
 * extended by lists of hosts and by the kind of the hosts.
 *
 * @returns `undefined` if the text is no such URL.
 */
export function parseRedisUrl(url: string): RedisAddress | undefined {
  const { user = "", hosts = "", database, query } = form.exec(url)?.groups ??
    {};
  const parameters = new URLSearchParams(query);
  const masterName = parameters.get("sentinel") ?? undefined;
  const kind = parameters.has("cluster")
    ? "cluster"
    : masterName === undefined
    ? "server"
    : "sentinel";
  const parsed = hosts.split(",").map((host) =>
    parseHost(host, kind === "sentinel" ? 26_379 : 6_379)
  );
  // At most one parameter: the kind of the hosts.
  const isKnown = parameters.size === (kind === "server" ? 0 : 1) &&
    !parameters.get("cluster");
  if (
    !isKnown || masterName === "" || parsed.includes(undefined) ||
    (kind === "server" && parsed.length > 1) ||
    (kind === "cluster" && Number(database ?? 0) !== 0)
  ) return undefined;
  const credentials = parseCredentials(user);
  if (credentials === undefined) return undefined;
  return {
    kind,
    hosts: parsed.filter((host) => host !== undefined),
    isTls: url.startsWith("rediss:"),
    ...credentials,
    database: Number(database ?? 0),
    ...(masterName === undefined ? {} : { masterName }),
  };
}

function parseHost(text: string, defaultPort: number): RedisHost | undefined {
  const { host, port } = hostForm.exec(text)?.groups ?? {};
  const number = Number(port ?? defaultPort);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ""), port: number };
}

/** Parses `password`, `:password` or `user:password`, percent-encoded. */
function parseCredentials(
  text: string,
): { username?: string; password?: string } | undefined {
  try {
    const [first = "", ...rest] = text.split(":");
    const [username, password] = rest.length === 0
      ? ["", decodeURIComponent(first)]
      : [decodeURIComponent(first), decodeURIComponent(rest.join(":"))];
    return {
      ...(username === "" ? {} : { username }),
      ...(password === "" ? {} : { password }),
    };
  } catch {
    return undefined; // URIError: a stray %
  }
}
