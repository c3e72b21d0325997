import { create, type Header, type Payload } from "djwt";
import { importSecret } from "../../src/auth/verification_key.ts";
import { testSecret } from "./server.ts";

/** Seconds since 1970, with an offset from the current time. */
export function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}

/**
 * Signs claims like a backend. By default a token is valid for an hour, since a
 * file may sign tokens minutes before the tests of the file run.
 */
export async function signToken(
  claims: Payload,
  { secret = testSecret, algorithm = "HS256", header = {} }: {
    secret?: string;
    algorithm?: "HS256" | "HS384" | "HS512";
    header?: Partial<Header>;
  } = {},
): Promise<string> {
  return await create(
    { alg: algorithm, typ: "JWT", ...header },
    { exp: secondsFromNow(3_600), ...claims },
    await importSecret(secret, algorithm),
  );
}
