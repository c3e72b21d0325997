import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { requestFault } from "../../src/http/request_fault.ts";

function faultOf(url: string, headers: [string, string][]): string | undefined {
  return requestFault({ url, headers: new Headers(headers) })?.code;
}

for (
  const [host, url] of [
    ["h", "http://h/a"],
    ["h", "http://h/?"],
    ["h:8000", "http://h:8000/a?b=http://c/d"],
    ["H.Example.", "http://H.Example./a"],
    ["h:80", "http://h/a"],
    ["h", "https://h:443/a"],
    ["[::1]:80", "http://[::1]:80/a"],
    ["under_score.example", "http://under_score.example//b/healthz"],
    ["h", "http://h/*"],
    ["h:", "http://h:/a"], // RFC 3986 §3.2.3 allows an empty port
  ] as const
) {
  Deno.test(`requestFault() finds nothing at ${url} with Host: ${host}`, () => {
    assertEquals(faultOf(url, [["host", host]]), undefined);
  });
}

Deno.test("requestFault() accepts HTTP/2 and HTTP/1.0 requests without Host", () => {
  assertEquals(faultOf("http://localhost:8000/a", []), undefined);
});

for (
  const host of [
    "h/healthz?",
    "h?",
    "h#",
    "user@h",
    "h, h",
    "h h",
    "h\\",
    "h:99999",
    "h:a",
    "[::1",
    "1.2.3.999",
    "a\xff",
    "%41",
    "",
  ]
) {
  Deno.test(`requestFault() refuses Host: ${JSON.stringify(host)}`, () => {
    const code = faultOf(`http://${host}/nowhere`, [["host", host]]);
    assertEquals(code, "bad_host");
  });
}

for (
  const url of [
    "ftp://h/a",
    "http://h",
    "http://user@h/a",
    "http://h/a#b",
    "http://h:99999/a",
    "http://h%2fhealthz/a",
    "http:///a",
  ]
) {
  Deno.test(`requestFault() refuses the URL ${url}`, () => {
    assertEquals(faultOf(url, []), "bad_request_target");
  });
}

Deno.test("requestFault() rejects a Host that differs from the target", () => {
  assertEquals(faultOf("http://h/a", [["host", "other"]]), "bad_host");
  assertEquals(faultOf("http://h/a", [["host", "h:8000"]]), "bad_host");
});

for (
  const [criterion, headers, code] of [
    ["no length", [], undefined],
    ["a length", [["content-length", "3"]], undefined],
    ["chunks", [["transfer-encoding", "Chunked"]], undefined],
    [
      "both",
      [["content-length", "3"], ["transfer-encoding", "chunked"]],
      "bad_framing",
    ],
    ["two lengths", [["content-length", "3, 3"]], "bad_framing"],
    ["a negative length", [["content-length", "-3"]], "bad_framing"],
    ["another coding", [["transfer-encoding", "gzip, chunked"]], "bad_framing"],
  ] as [string, [string, string][], string | undefined][]
) {
  Deno.test(`requestFault() judges a body with ${criterion}`, () => {
    assertEquals(faultOf("http://h/a", [["host", "h"], ...headers]), code);
  });
}

Deno.test("requestFault() decides about a repeated host as about a new host", () => {
  const hosts = fc.constantFrom(
    "h",
    "h:80",
    "[::1]:1",
    "1.2.3.4",
    "a",
    "h#",
    "",
  );
  const path = fc.oneof(
    fc.constantFrom("", "/", "/#", "/a?b#c", "//", "/\\", "/%", "/%zz", "@b/"),
    fc.string().map((text) => `/${text}`),
    fc.string({ unit: "binary" }).map((text) => `/${text}`),
  );
  const scheme = fc.constantFrom("http", "https", "ftp");
  fc.assert(
    fc.property(scheme, hosts, hosts, path, (scheme, host, target, path) => {
      const url = `${scheme}://${target}${path}`;
      const headers: [string, string][] = [["host", host]];
      // 20 different hosts make the server forget all hosts before.
      for (let other = 0; other < 20; other++) {
        faultOf(`http://other${other}/`, [["host", `other${other}`]]);
      }
      const fresh = faultOf(url, headers);
      assertEquals(faultOf(url, headers), fresh);
      faultOf(`http://${host}/`, headers);
      assertEquals(faultOf(url, headers), fresh);
      const isTarget =
        /^https?:\/\/(?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d{0,5})?\/[^#]*$/i.test(
          url,
        ) &&
        URL.canParse(url);
      assertEquals(
        fresh === "bad_request_target",
        !["h#", ""].includes(host) && !isTarget,
        url,
      );
    }),
    { numRuns: 500 },
  );
});
