import { assertEquals, assertThrows } from "@std/assert";
import { Rejected } from "../../src/auth/claims.ts";
import { parseHeader } from "../../src/auth/token_header.ts";
import { alice, assemble } from "./judge_token.ts";

const headers: [header: string, expected: object | undefined][] = [
  ['{"alg":"RS256"}', { alg: "RS256" }],
  ['{"alg":"RS256","kid":"a/b"}', { alg: "RS256", kid: "a/b" }],
  ['{"alg":"none","kid":"","typ":1}', { alg: "none", kid: "" }],
  ['{"alg":"RS256","jku":"http://a","jwk":{},"x5u":"b","x5c":[]}', {
    alg: "RS256",
  }],
  ['{"alg":"RS256","kid":7}', undefined],
  ['{"alg":"RS256","kid":null}', undefined],
  ['{"alg":"RS256","crit":["b64"],"b64":false}', undefined],
  ['{"kid":"a"}', undefined],
];

for (const [header, expected] of headers) {
  Deno.test(`parseHeader() ${expected ? "reads" : "refuses"} ${header}`, () => {
    const token = assemble(header, alice);
    if (expected) assertEquals(parseHeader(token), expected as never);
    else {
      const { code } = assertThrows(() => parseHeader(token), Rejected);
      assertEquals(code, "token_malformed");
    }
  });
}
