/** Where Redis is, as `TASKWIRE_STORE` names it. */
export interface RedisAddress {
  /** One server; Sentinels that know which one; or some nodes of a Cluster. */
  readonly kind: "server" | "sentinel" | "cluster";
  readonly hosts: readonly RedisHost[];
  readonly isTls: boolean;
  /** An ACL user. */
  readonly username?: string;
  readonly password?: string;
  /** The number of the database; 0 in a Cluster. */
  readonly database: number;
  /** By which Sentinels know the master. */
  readonly masterName?: string;
}

/** A TCP address. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** What {@linkcode parseRedisUrl} takes, in words. */
export const redisUrlForm =
  "redis://[[user:]password@]host[:port][/database], rediss:// for TLS; several hosts, comma-separated, with ?sentinel=MASTER or ?cluster";

const form =
  /^(rediss?):\/\/(?:(?<user>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<database>\d{0,5}))?(?:\?(?<query>[^#]*))?$/;

const hostForm =
  /^(?<host>\[[\da-fA-F:.]+\]|[^:[\]\s]+)(?::(?<port>\d{1,5}))?$/;

/**
 * Reads the URL of a Redis store (IANA's `redis` and `rediss` schemes, with
 * what these don't have: several hosts, and what they are).
 *
 * @returns `undefined` for what is none.
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
  // No parameter, or the one that says what the hosts are.
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

/** `password`, `:password` or `user:password`, percent-encoded. */
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
    return undefined; // a stray %, which has nothing more to say
  }
}
