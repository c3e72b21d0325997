import { Command } from "commander";
import { create, getNumericDate, type Payload } from "djwt";
import { isSecretAlgorithm, secretAlgorithms } from "../auth/algorithms.ts";
import { importSecret } from "../auth/verification_key.ts";
import type { Config } from "../config/config.ts";
import { type CliCommand, openSettings, withSettings } from "./command.ts";
import { CommandFailure, UsageFailure } from "../terminal/failure.ts";
import { printLine } from "../terminal/output.ts";

/** The claims of a token to mint. */
export interface TokenRequest {
  /** The user. */
  readonly sub?: string;
  /** Words separated by spaces. */
  readonly scope?: string;
  /** Ids of tasks in reach, or prefixes ending in `*`. */
  readonly tasks?: readonly string[];
  /** Labels of tasks in reach, or prefixes ending in `*`. */
  readonly labels?: readonly string[];
  /** The lifetime in seconds; negative for an expired token. */
  readonly ttlSeconds: number;
}

/** The settings used to mint tokens. */
export const signingSettings = [
  "jwtSecrets",
  "jwtAlgorithms",
  "jwtIssuer",
  "jwtAudience",
] as const;

/** `taskwire token`: mints a JWT for servers with the same settings. */
export function tokenCommand(): CliCommand {
  return {
    command: withSettings(
      new Command("token")
        .description("mint a JWT, signed with TASKWIRE_JWT_SECRET")
        .option("--sub <id>", "the user")
        .option("--scope <words>", "the rights of the token: publish, admin")
        .option(
          "--tasks <ids>",
          "only these tasks: ids or prefixes ending in *, comma-separated",
        )
        .option(
          "--labels <labels>",
          "tasks with one of these labels, in addition: labels or prefixes ending in *, comma-separated; with --scope only such tasks",
        )
        .option("--ttl <seconds>", "the lifetime of the token", "3600"),
      signingSettings,
    ),
    async action(command) {
      const { sub, scope, tasks, labels, ttl } = command.opts<
        Record<
          "sub" | "scope" | "tasks" | "labels" | "ttl",
          string | undefined
        >
      >();
      if (!sub && !scope) {
        throw new UsageFailure(
          "the token needs --sub (a user, to watch) or --scope (to publish)",
        );
      }
      if (!/^-?\d{1,10}$/.test(ttl ?? "")) {
        throw new UsageFailure(`--ttl ${ttl}: expected whole seconds`);
      }
      printLine(
        await mintToken({
          ...(sub ? { sub } : {}),
          ...(scope ? { scope } : {}),
          ...(tasks === undefined ? {} : { tasks: listOf("--tasks", tasks) }),
          ...(labels === undefined
            ? {}
            : { labels: listOf("--labels", labels) }),
          ttlSeconds: Number(ttl),
        }, openSettings(command)(...signingSettings)),
      );
      return 0;
    },
  };
}

/**
 * Splits a list of ids or labels. An empty list, such as from an unset shell
 * variable, is refused: a token without the claim reaches every task.
 *
 * @throws {UsageFailure} If an entry is empty.
 */
function listOf(flag: string, list: string): readonly string[] {
  const entries = list.split(",");
  if (!entries.includes("")) return entries;
  throw new UsageFailure(
    `${flag} ${
      JSON.stringify(list)
    }: expected entries separated by commas, none of them empty`,
  );
}

/**
 * Mints a token with the first of the configured secrets.
 *
 * @throws {CommandFailure} Without a secret, or without an allowed algorithm for secrets.
 */
export async function mintToken(
  request: TokenRequest,
  config: Pick<Config, typeof signingSettings[number]>,
): Promise<string> {
  const { jwtSecrets, jwtAlgorithms, jwtIssuer, jwtAudience } = config;
  const [secret] = jwtSecrets;
  const [algorithm] = (jwtAlgorithms ?? secretAlgorithms)
    .filter(isSecretAlgorithm);
  if (secret === undefined) {
    throw new CommandFailure(
      "no secret to sign with: set TASKWIRE_JWT_SECRET to the server's secret (public keys only verify tokens; the owner of the private key signs them)",
    );
  }
  if (algorithm === undefined) {
    throw new CommandFailure(
      `a secret signs with ${
        secretAlgorithms.join(", ")
      }, but TASKWIRE_JWT_ALGORITHMS allows none of these: add an algorithm`,
    );
  }
  const { ttlSeconds, ...claims } = request;
  const payload: Payload = { ...claims, exp: getNumericDate(ttlSeconds) };
  if (jwtIssuer !== undefined) payload.iss = jwtIssuer;
  if (jwtAudience !== undefined) payload.aud = jwtAudience;
  return await create(
    { alg: algorithm, typ: "JWT" },
    payload,
    await importSecret(secret, algorithm),
  );
}
