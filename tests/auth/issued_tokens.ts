import { Buffer } from "node:buffer";
import { makeIssuerKey } from "../support/keys.ts";
import { testSecret } from "../support/server.ts";
import { secondsFromNow } from "../support/tokens.ts";
import { assemble } from "./judge_token.ts";

/** The server's keys: from a PEM, and from a key set. */
export const pemKey = await makeIssuerKey("RS256");
export const setKey = await makeIssuerKey("ES256", "set-key");
/** A key unknown to the server. */
export const foreign = await makeIssuerKey("RS256", "foreign");

/** The issuer and the audience required by the server. */
export const issuer = "https://id.example";
export const audience = "wire";

export const claims = { sub: "alice", iss: issuer, aud: audience };
export const soon = secondsFromNow(600);

/** Makes a valid token except for the header or the secret. */
export function withHeader(header: unknown, secret = testSecret): string {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  return assemble(text, JSON.stringify({ ...claims, exp: soon }), secret);
}

/** Makes a token with these claims, signed with the server's secret. */
export function withClaims(members: string | Record<string, unknown>): string {
  const text = typeof members === "string"
    ? `{"sub":"alice","iss":"${issuer}","aud":"${audience}",${members}}`
    : JSON.stringify({ ...claims, exp: soon, ...members });
  return assemble('{"alg":"HS256"}', text);
}

export const good = withClaims({});
export const [header = "", payload = "", signature = ""] = good.split(".");
export const standard = (text: string) => Buffer.from(text).toString("base64");
export const hs256 = { alg: "HS256" };
export const huge = 2 ** 53;
