import { Command } from "commander";
import { create, getNumericDate, type Payload } from "djwt";
import { isSecretAlgorithm, secretAlgorithms } from "../auth/algorithms.ts";
import { importSecret } from "../auth/verification_key.ts";
import type { Config } from "../config/config.ts";
import { type CliCommand, openSettings, withSettings } from "./command.ts";
import { CommandFailure, UsageFailure } from "./failure.ts";
import { printLine } from "./output.ts";

/** What a minted token says. */
export interface TokenRequest {
  /** The user. */
  readonly sub?: string;
  /** Words separated by spaces. */
  readonly scope?: string;
  /** Ids that it may watch, or prefixes ending in `*`. */
  readonly tasks?: readonly string[];
  /** How long it is valid, in seconds; negative for one that has expired. */
  readonly ttlSeconds: number;
}

/** The settings that tokens are minted with. */
export const signingSettings = [
  "jwtSecrets",
  "jwtAlgorithms",
  "jwtIssuer",
  "jwtAudience",
] as const;

/** `taskwire token`: mints a JWT that this configuration's server accepts. */
export function tokenCommand(): CliCommand {
  return {
    command: withSettings(
      new Command("token")
        .description("mint a JWT, signed with TASKWIRE_JWT_SECRET")
        .option("--sub <id>", "the user")
        .option("--scope <words>", "what it may do: publish, admin")
        .option(
          "--tasks <ids>",
          "what it may watch: ids or prefixes ending in *, comma-separated",
        )
        .option("--ttl <seconds>", "how long it is valid", "3600"),
      signingSettings,
    ),
    async action(command) {
      const { sub, scope, tasks, ttl } = command.opts<
        Record<"sub" | "scope" | "tasks" | "ttl", string | undefined>
      >();
      if (!sub && !scope) {
        throw new UsageFailure(
          "name a user with --sub (to watch), or a --scope (to publish)",
        );
      }
      if (!/^-?\d{1,10}$/.test(ttl ?? "")) {
        throw new UsageFailure(`--ttl ${ttl}: expected whole seconds`);
      }
      printLine(
        await mintToken({
          ...(sub ? { sub } : {}),
          ...(scope ? { scope } : {}),
          ...(tasks ? { tasks: tasks.split(",") } : {}),
          ttlSeconds: Number(ttl),
        }, openSettings(command)(...signingSettings)),
      );
      return 0;
    },
  };
}

/**
 * Mints a token with the first of the configured secrets.
 *
 * @throws {CommandFailure} When there is none, or none is allowed to sign.
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
      "there is no secret to sign with: set TASKWIRE_JWT_SECRET to the server's (public keys only verify; their tokens are made where the private key is)",
    );
  }
  if (algorithm === undefined) {
    throw new CommandFailure(
      `a secret signs with ${
        secretAlgorithms.join(", ")
      }, and TASKWIRE_JWT_ALGORITHMS allows none of these`,
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
