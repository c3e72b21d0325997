import type { JwtAlgorithm } from "../auth/algorithms.ts";
import { showText } from "../config/config.ts";
import { log } from "../log/log.ts";
import { version } from "../process/version.ts";
import { invocation } from "../terminal/invocation.ts";
import { describeKeys } from "./key_file.ts";
import { printLine } from "../terminal/output.ts";
import type { KeyedConfig } from "./safe_defaults.ts";

/** A server that has started. */
export interface Started {
  readonly url: URL;
  readonly keyed: KeyedConfig;
  readonly jwtAlgorithms: readonly JwtAlgorithm[];
  /** The routes table, a line each. */
  readonly routes: readonly string[];
  /** The number of serving processes. */
  readonly workers: number;
}

/**
 * Prints the server's address and main settings; on a terminal also commands to
 * try next. The server keeps running if standard output is closed.
 */
export function printStart(started: Started): void {
  try {
    const lines = describeStart(started, Deno.stdout.isTerminal());
    for (const line of lines) printLine(line);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    log.warn("Cannot write the start lines to standard output: {reason}", {
      reason: error.message,
    });
  }
}

/** Lists the lines printed by `serve`; the hints for new users are optional. */
export function describeStart(
  { url, keyed, jwtAlgorithms, routes, workers }: Started,
  hasHints: boolean,
): readonly string[] {
  const { config } = keyed;
  return [
    `taskwire ${version} listens on ${url.origin}`,
    `   store: ${showText(config.store)}${
      config.store === "memory:"
        ? " (tasks are lost when the server stops)"
        : ""
    }`,
    `   auth:  ${config.auth}; tokens signed with ${
      jwtAlgorithms.join(", ")
    }, checked with ${
      describeKeys(config).join(", ")
    }; guests are user ${config.guestUserId}`,
    ...(workers > 1 ? [`   workers: ${workers}`] : []),
    ...routes,
    ...describeMadeKeys(keyed),
    ...(hasHints ? describeNextSteps(url, keyed) : []),
  ];
}

function describeMadeKeys({ madeSecret, madeApiKey }: KeyedConfig): string[] {
  if (!madeSecret && !madeApiKey) return [];
  return [
    "",
    "No keys are set, so these were generated for this run. To keep them, set:",
    ...(madeSecret ? [`   TASKWIRE_JWT_SECRET=${madeSecret}`] : []),
    ...(madeApiKey ? [`   TASKWIRE_API_KEYS=${madeApiKey}`] : []),
  ];
}

/**
 * Lists example commands. Keys generated for this run appear in them;
 * configured keys stay hidden and are expected in the environment.
 */
function describeNextSteps(url: URL, keyed: KeyedConfig): string[] {
  const taskwire = invocation();
  const at = url.port === "8000" && url.hostname === "127.0.0.1"
    ? ""
    : ` --url ${url.origin}`;
  const apiKey = keyed.madeApiKey
    ? `TASKWIRE_API_KEYS=${keyed.madeApiKey} `
    : "";
  const secret = keyed.madeSecret
    ? `TASKWIRE_JWT_SECRET=${keyed.madeSecret} `
    : "";
  return [
    "",
    "Watch a task move:",
    `   open     ${url.origin}/?id=upload_123456`,
    `   watch    ${taskwire} watch upload_123456${at}`,
    `   publish  ${apiKey}${taskwire} publish upload_123456 --status running --progress 0.42 --message transcoding${at}`,
    `   check    ${secret}${taskwire} check${at && ` ${url.origin}`}`,
    "",
    "Ctrl-C stops the server.",
  ];
}
