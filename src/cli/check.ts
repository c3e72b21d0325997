import { Command } from "commander";
import type { Config } from "../config.ts";
import { type CliCommand, readConfig, withSettings } from "./command.ts";
import { UsageFailure } from "./failure.ts";
import { FrameReader } from "./frame_reader.ts";
import { printLine } from "./output.ts";
import { findUnreadiness } from "./readiness.ts";
import { serverUrl, webSocketUrl, withServerUrl } from "./server_url.ts";
import { mintToken } from "./token.ts";

/** The user of the good token that `check` mints. */
const checkedUser = "taskwire-check";

/** A JWT by its form, signed with nobody's key: `{"alg":"HS256","typ":"JWT"}` and `{"sub":"nobody"}`. */
const badToken =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJub2JvZHkifQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/** A token that a check comes with. */
interface Credential {
  readonly name: "no token" | "a good token" | "a bad token";
  readonly token?: string;
  /** The user that the server should take the client for, where it looks at tokens. */
  readonly authStatus: "guest" | "authenticated" | "invalid_token";
  /** Why the check can't be made. */
  readonly obstacle?: string;
}

/** One route as a client meets it; throws an `Error` that says what was not as it should be. */
type RouteCheck = (
  socket: FrameReader,
  credential: Credential,
) => Promise<void>;

/** `taskwire check`: whether a server answers as the contract says, on all three routes. */
export function checkCommand(): CliCommand {
  return {
    command: withSettings(
      withServerUrl(
        new Command("check")
          .description(
            "connect to a running server as a client would, and say what is wrong",
          )
          .argument("[url]", "the server's address, like --url")
          .option(
            "--token <jwt>",
            "the good token to try (default: one minted with TASKWIRE_JWT_SECRET)",
          )
          .option(
            "--ready <seconds>",
            "only wait, so long at most, until the server takes work; 0 asks once",
          ),
      ),
      [
        "host",
        "port",
        "jwtSecrets",
        "jwtAlgorithms",
        "jwtIssuer",
        "jwtAudience",
      ],
    ),
    async action(command) {
      const { url: option, token, ready } = command.opts<
        { url?: string; token?: string; ready?: string }
      >();
      const [argument] = command.args;
      if (argument !== undefined && option !== undefined) {
        throw new UsageFailure("name the server once, as [url] or by --url");
      }
      const config = readConfig(command);
      const server = serverUrl(argument ?? option, config);
      if (ready !== undefined) return await checkReadiness(server, ready);
      printLine(`Checking ${server.href}`);
      let failures = 0;
      for (const credential of await credentials(token, config)) {
        for (const [path, check] of routeChecks) {
          const title = `${path} with ${credential.name}`;
          const fault = credential.obstacle ??
            await findFault(server, path, check, credential);
          if (fault !== undefined) failures += 1;
          printLine(
            fault === undefined ? `✅ ${title}` : `❌ ${title}: ${fault}`,
          );
        }
      }
      return failures === 0 ? 0 : 1;
    },
  };
}

async function checkReadiness(server: URL, seconds: string): Promise<number> {
  if (!/^\d{1,5}$/.test(seconds)) {
    throw new UsageFailure(`--ready ${seconds}: expected whole seconds`);
  }
  const fault = await findUnreadiness(server, Number(seconds));
  printLine(fault === undefined ? "✅ ready" : `❌ not ready: ${fault}`);
  return fault === undefined ? 0 : 1;
}

const routeChecks: readonly (readonly [path: string, check: RouteCheck])[] = [
  ["ws/realtime", checkRealtime],
  ["ws/ws/simple", checkSimple],
  ["ws/test", checkTest],
];

async function credentials(
  given: string | undefined,
  config: Config,
): Promise<readonly Credential[]> {
  const good = { name: "a good token", authStatus: "authenticated" } as const;
  const isMintable = config.jwtSecrets.length > 0;
  return [
    { name: "no token", authStatus: "guest" },
    given !== undefined ? { ...good, token: given } : isMintable
      ? {
        ...good,
        token: await mintToken({ sub: checkedUser, ttlSeconds: 60 }, config),
      }
      : {
        ...good,
        obstacle:
          "there is none to try; set TASKWIRE_JWT_SECRET to the server's, or pass --token",
      },
    { name: "a bad token", authStatus: "invalid_token", token: badToken },
  ];
}

async function findFault(
  server: URL,
  path: string,
  check: RouteCheck,
  credential: Credential,
): Promise<string | undefined> {
  const url = webSocketUrl(server, `${path}/${connectionId}`);
  // The query is what is checked: the place where the token once went unseen.
  if (credential.token) url.searchParams.set("token", credential.token);
  const socket = new FrameReader(url);
  try {
    await check(socket, credential);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  } finally {
    socket.close();
  }
}

/** A task that nobody else watches; nothing is published to it. */
const connectionId = `taskwire-check-${crypto.randomUUID()}`;

async function checkRealtime(
  socket: FrameReader,
  { authStatus }: Credential,
): Promise<void> {
  const connected = await nextJson(socket);
  expect(connected, "type", "connected");
  expect(connected, "connection_id", connectionId);
  try {
    expect(connected, "auth_status", authStatus);
  } catch (error) {
    throw await withReason(socket, error, connected.auth_status);
  }
  if (authStatus === "invalid_token") {
    const reason = await nextJson(socket);
    expect(reason, "type", "error");
    // A server that has public keys only looks no further than the algorithm.
    if (reason.code !== "token_wrong_algorithm") {
      expect(reason, "code", "token_bad_signature");
    }
  }
  const sync = await nextJson(socket);
  if (sync.type === "error") {
    if (sync.code === "authentication_required") return; // TASKWIRE_AUTH=required
    throw new Error(`the server says ${sync.code}: ${sync.message}`);
  }
  expect(sync, "type", "sync");
  socket.send('{"type":"ping","id":1}');
  expect(await nextJson(socket), "type", "pong");
}

/** A token that was not accepted is followed by the reason. */
async function withReason(
  socket: FrameReader,
  fault: unknown,
  authStatus: unknown,
): Promise<unknown> {
  if (!(fault instanceof Error) || !/_token$|_error$/.test(`${authStatus}`)) {
    return fault;
  }
  const { code, message } = await nextJson(socket);
  return new Error(`${fault.message}; ${code}: ${message}`);
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
    throw new Error("a text message came back changed");
  }
  socket.send(Uint8Array.of(0, 255, 128).buffer);
  const binary = await socket.next();
  if (
    typeof binary === "string" ||
    new Uint8Array(binary).join() !== "0,255,128"
  ) throw new Error("a binary message came back changed");
}

async function nextJson(socket: FrameReader): Promise<Record<string, unknown>> {
  const frame = await socket.next();
  try {
    if (typeof frame === "string") return JSON.parse(frame);
  } catch {
    // Not JSON: said below, together with binary frames.
  }
  throw new Error("the server sent a frame that is not JSON text");
}

function expect(
  frame: Record<string, unknown>,
  member: string,
  expected: unknown,
): void {
  const actual = frame[member];
  if (actual === expected) return;
  throw new Error(
    `the frame's ${member} is ${JSON.stringify(actual)} instead of ${
      JSON.stringify(expected)
    }`,
  );
}
