import { Command } from "commander";
import {
  type CliCommand,
  openSettings,
  type SettingsReader,
  withSettings,
} from "./command.ts";
import { UsageFailure } from "../terminal/failure.ts";
import { adviceByCause, type Cause, Fault } from "../terminal/fault.ts";
import { FrameReader } from "./frame_reader.ts";
import { checkPublish, checkStream } from "./http_checks.ts";
import { printLine } from "../terminal/output.ts";
import { askReadiness, findUnreadiness } from "./readiness.ts";
import { serverSettings, serverUrl, webSocketUrl } from "./server_url.ts";
import { mintToken, signingSettings } from "./token.ts";

/** The user of the good token that `check` mints. */
const checkedUser = "taskwire-check";

/** A well-formed JWT with an invalid signature: `{"alg":"HS256","typ":"JWT"}` and `{"sub":"nobody"}`. */
const badToken =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJub2JvZHkifQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/** The token of a check, or its absence. */
interface Credential {
  readonly name: "no token" | "a good token" | "a bad token";
  readonly token?: string;
  /** Set if this command signed the token, with TASKWIRE_JWT_SECRET. */
  readonly isMinted?: boolean;
  /** The `auth_status` that the server should report on a route that verifies tokens. */
  readonly authStatus: "guest" | "authenticated" | "invalid_token";
  /** The reason for skipping the check. */
  readonly obstacle?: Fault;
}

/** Checks a route through a client's socket; throws a {@linkcode Fault}. */
type RouteCheck = (
  socket: FrameReader,
  credential: Credential,
) => Promise<void>;

/** `taskwire check`: tests a running server against the protocol. */
export function checkCommand(): CliCommand {
  return {
    command: withSettings(
      new Command("check")
        .description(
          "connect to a running server as a client would, and report problems. With an API key, also publish an event and delete its task",
        )
        .argument("[url]", "the server's address, like --url")
        .option(
          "--token <jwt>",
          "a valid token to test with (default: minted with TASKWIRE_JWT_SECRET)",
        )
        .option(
          "--ready <seconds>",
          "only wait until the server is ready, for at most this many seconds; 0 asks once",
        ),
      [...serverSettings, "apiKeys", ...signingSettings],
    ),
    async action(command) {
      const { url: option, token, ready } = command.opts<
        { url?: string; token?: string; ready?: string }
      >();
      const [argument] = command.args;
      if (argument !== undefined && option !== undefined) {
        throw new UsageFailure(
          "the server is named twice: use either [url] or --url",
        );
      }
      const read = openSettings(command);
      const server = serverUrl(read, argument);
      if (ready !== undefined) return await checkReadiness(server, ready);
      const checks = await listChecks(server, token, read);
      printLine(`Checking ${server.href}`);
      const unreachable = await askReadiness(server, reachTimeoutMs);
      if (unreachable?.likelyCause && endsAll.has(unreachable.likelyCause)) {
        printLine(`❌ ${server.origin}: ${unreachable.message}`);
        printLine(describeVerdict([unreachable], 1));
        return 1;
      }
      const faults = await runChecks(checks);
      printLine(describeVerdict(faults, checks.length));
      return faults.length === 0 ? 0 : 1;
    },
  };
}

/** The time limit of the first answer, in milliseconds. */
const reachTimeoutMs = 10_000;

/** Causes that make every check fail in the same way. */
const endsAll: ReadonlySet<Cause> = new Set<Cause>([
  "unreachable",
  "unknown_host",
  "untrusted_certificate",
  "bad_certificate",
  "no_tls",
  "only_tls",
]);

/** A check and its title in the output. */
interface Check {
  readonly title: string;
  /** Rejects with a {@linkcode Fault}. */
  readonly run: () => Promise<void>;
}

/** Lists the checks that the given token and keys allow. */
async function listChecks(
  server: URL,
  token: string | undefined,
  read: SettingsReader,
): Promise<readonly Check[]> {
  const { apiKeys: [apiKey] } = read("apiKeys");
  const tried = await credentials(token, read);
  const sockets = tried.flatMap((credential) =>
    routeChecks.map(([path, check]) => ({
      title: `${path} with ${credential.name}`,
      run: () => checkSocket(server, path, check, credential),
    }))
  );
  const good = tried.find(({ authStatus }) => authStatus === "authenticated");
  const streamed = `sse/realtime/${taskId}`;
  return [
    ...sockets,
    {
      title: `sse/realtime with ${good?.token ? good.name : "no token"}`,
      run: () => checkStream(new URL(streamed, server), good?.token),
    },
    ...(apiKey === undefined ? [] : [{
      title: "publishing with the API key",
      run: () => checkPublish(new URL(`api/tasks/${taskId}`, server), apiKey),
    }]),
  ];
}

/** Runs checks in order and prints a line for each; a repeated fault is printed as "same fault". */
async function runChecks(checks: readonly Check[]): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  for (const { title, run } of checks) {
    try {
      await run();
      printLine(`✅ ${title}`);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const isKnown = faults.some(({ message }) => message === error.message);
      printLine(`❌ ${title}: ${isKnown ? "same fault" : error.message}`);
      faults.push(error);
    }
  }
  return faults;
}

/** Sums up the checks in a line: the most likely cause and its remedy. */
function describeVerdict(faults: readonly Fault[], count: number): string {
  if (faults.length === 0) return `All ${count} checks passed.`;
  const causes = new Set(faults.map(({ likelyCause }) => likelyCause));
  const cause = (Object.keys(adviceByCause) as Cause[])
    .find((cause) => causes.has(cause));
  const failed = count === 1 ? "Failed" : `${faults.length} of ${count} failed`;
  return cause === undefined
    ? `${failed}, for an unknown reason: see the first ❌ line and the server's log.`
    : `${failed}. Most likely ${adviceByCause[cause]}.`;
}

async function checkReadiness(server: URL, seconds: string): Promise<number> {
  if (!/^\d{1,5}$/.test(seconds)) {
    throw new UsageFailure(`--ready ${seconds}: expected whole seconds`);
  }
  const fault = await findUnreadiness(server, Number(seconds));
  printLine(
    fault === undefined
      ? "✅ ready"
      : `❌ not ready: ${fault.message} (${server.origin})`,
  );
  return fault === undefined ? 0 : 1;
}

const routeChecks: readonly (readonly [path: string, check: RouteCheck])[] = [
  ["ws/realtime", checkRealtime],
  ["ws/ws/simple", checkSimple],
  ["ws/test", checkTest],
];

async function credentials(
  given: string | undefined,
  read: SettingsReader,
): Promise<readonly Credential[]> {
  const good = { name: "a good token", authStatus: "authenticated" } as const;
  return [
    { name: "no token", authStatus: "guest" },
    { ...good, ...await goodToken(given, read) },
    { name: "a bad token", authStatus: "invalid_token", token: badToken },
  ];
}

async function goodToken(
  given: string | undefined,
  read: SettingsReader,
): Promise<Pick<Credential, "token" | "isMinted" | "obstacle">> {
  if (given !== undefined) return { token: given };
  const config = read(...signingSettings);
  if (config.jwtSecrets.length === 0) {
    return {
      obstacle: new Fault(
        "no token to test with: set TASKWIRE_JWT_SECRET to the server's secret, or pass --token",
        "no_token",
      ),
    };
  }
  const token = await mintToken({ sub: checkedUser, ttlSeconds: 60 }, config);
  return { token, isMinted: true };
}

async function checkSocket(
  server: URL,
  path: string,
  check: RouteCheck,
  credential: Credential,
): Promise<void> {
  if (credential.obstacle) throw credential.obstacle;
  const url = webSocketUrl(server, `${path}/${taskId}`);
  // In the query, because browsers cannot set headers on a WebSocket.
  if (credential.token) url.searchParams.set("token", credential.token);
  const socket = new FrameReader(url);
  try {
    await check(socket, credential);
  } finally {
    socket.close();
  }
}

/** A fresh task of this run, without other watchers. */
const taskId = `taskwire-check-${crypto.randomUUID()}`;

async function checkRealtime(
  socket: FrameReader,
  credential: Credential,
): Promise<void> {
  const { authStatus } = credential;
  const connected = await nextJson(socket);
  expect(connected, "type", "connected");
  expect(connected, "connection_id", taskId);
  try {
    expect(connected, "auth_status", authStatus);
  } catch (error) {
    throw await withReason(socket, error, connected.auth_status, credential);
  }
  if (authStatus === "invalid_token") {
    const reason = await nextJson(socket);
    expect(reason, "type", "error");
    // A server with public keys only rejects the algorithm HS256 first.
    if (reason.code !== "token_wrong_algorithm") {
      expect(reason, "code", "token_bad_signature");
    }
  }
  const sync = await nextJson(socket);
  if (sync.type === "error") {
    if (sync.code === "authentication_required") return; // TASKWIRE_AUTH=required
    throw new Fault(`the server says ${sync.code}: ${sync.message}`);
  }
  expect(sync, "type", "sync");
  socket.send('{"type":"ping","id":1}');
  expect(await nextJson(socket), "type", "pong");
}

/** Adds the server's reason, sent in the frame after a rejected token. */
async function withReason(
  socket: FrameReader,
  fault: unknown,
  authStatus: unknown,
  { isMinted }: Credential,
): Promise<unknown> {
  if (!(fault instanceof Fault)) return fault;
  if (authStatus !== "invalid_token" && authStatus !== "auth_error") {
    return fault;
  }
  const { code, message } = await nextJson(socket);
  return new Fault(
    `${fault.message}; ${code}: ${message}`,
    authStatus === "auth_error"
      ? "verifier"
      : isMinted && code === "token_bad_signature"
      ? "other_secret"
      : "other_token",
  );
}

async function checkSimple(socket: FrameReader): Promise<void> {
  expect(await nextJson(socket), "type", "connected");
  socket.send("状态 ✓");
  const echo = await nextJson(socket);
  expect(echo, "type", "echo");
  expect(echo, "message", "状态 ✓");
}

async function checkTest(socket: FrameReader): Promise<void> {
  expect(await nextJson(socket), "type", "connected");
  socket.send("状态 ✓");
  if (await socket.next() !== "状态 ✓") {
    throw new Fault("the server changed a text message");
  }
  socket.send(Uint8Array.of(0, 255, 128).buffer);
  const binary = await socket.next();
  if (
    typeof binary === "string" ||
    new Uint8Array(binary).join() !== "0,255,128"
  ) throw new Fault("the server changed a binary message");
}

async function nextJson(socket: FrameReader): Promise<Record<string, unknown>> {
  const frame = await socket.next();
  try {
    if (typeof frame === "string") return JSON.parse(frame);
  } catch {
    // Not JSON: reported below, as a binary frame is.
  }
  throw new Fault("the server sent a frame other than JSON text");
}

function expect(
  frame: Record<string, unknown>,
  member: string,
  expected: unknown,
): void {
  const actual = frame[member];
  if (actual === expected) return;
  throw new Fault(
    `the frame's ${member} is ${JSON.stringify(actual)} instead of ${
      JSON.stringify(expected)
    }`,
  );
}
