import { assertEquals } from "@std/assert";
import {
  bearerCredential,
  type OfferedProtocols,
  parseOfferedProtocols,
  selectToken,
} from "../../src/auth/token.ts";

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

const offers: [
  what: string,
  header: string | undefined,
  expected: OfferedProtocols,
][] = [
  ["no header", undefined, {}],
  ["an empty header", "", {}],
  ["nothing but commas", " , ,", {}],
  ["bearer and a token", `bearer, ${jwt}`, { selected: "bearer", token: jwt }],
  ["no space, as Node's ws sends it", `bearer,${jwt}`, {
    selected: "bearer",
    token: jwt,
  }],
  ["tabs and spaces", `\tbearer ,\t ${jwt} `, {
    selected: "bearer",
    token: jwt,
  }],
  ["further names around bearer and token", `chat, bearer, ${jwt}, v2`, {
    selected: "bearer",
    token: jwt,
  }],
  ["a token that is not a JWT", "bearer, opaque", {
    selected: "bearer",
    token: "opaque",
  }],
  ["bearer alone", "bearer", { selected: "bearer" }],
  ["the token before bearer", `${jwt}, bearer`, { selected: "bearer" }],
  ["a single name", "chat", { selected: "chat" }],
  ["two names", "chat, superchat", { selected: "chat" }],
  ["bearer in different letter case", "Bearer", {
    selected: "Bearer",
  }],
  ["a token without bearer", jwt, {}],
  ["an unsecured token without bearer", "eyJhbGciOiJub25lIn0.e30.", {}],
  ["a token before a name", `${jwt}, chat`, { selected: "chat" }],
];

for (const [what, header, expected] of offers) {
  Deno.test(`parseOfferedProtocols() reads ${what}`, () => {
    assertEquals(parseOfferedProtocols(header), expected);
  });
}

Deno.test("parseOfferedProtocols() never selects the token", () => {
  const headers = [jwt, `bearer,${jwt}`, `${jwt},bearer`, `${jwt},${jwt}`];
  for (const header of headers) {
    assertEquals(
      parseOfferedProtocols(header).selected?.includes(jwt) ?? false,
      false,
      header,
    );
  }
});

Deno.test("selectToken() prefers the query, then the subprotocol, and ignores empty tokens", () => {
  const table: [
    query: string | undefined,
    protocol: string | undefined,
    authorization: string | undefined,
    expected: string | undefined,
  ][] = [
    ["query", "protocol", "Bearer header", "query"],
    ["query", undefined, undefined, "query"],
    [undefined, "protocol", "Bearer header", "protocol"],
    ["", "protocol", undefined, "protocol"],
    ["", undefined, "Bearer header", "header"],
    [undefined, undefined, "bearer header", "header"],
    [undefined, undefined, "Basic header", undefined],
    ["", "", "", undefined],
    [undefined, undefined, undefined, undefined],
  ];
  for (const [query, protocol, authorization, expected] of table) {
    assertEquals(selectToken({ query, protocol, authorization }), expected);
  }
});

for (
  const [header, credential] of [
    ["Bearer a.b.c", "a.b.c"],
    ["bearer   a  ", "a"],
    ["Bearer ", undefined],
    ["Bearer a b", undefined],
    ["Basic YTpi", undefined],
    ["", undefined],
    [undefined, undefined],
  ] as const
) {
  Deno.test(`bearerCredential() reads ${credential} from '${header}'`, () => {
    assertEquals(bearerCredential(header), credential);
  });
}
