import { canonicalOrigin } from "../../src/config/origin.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  originFault,
  type OriginPolicy,
  type PageRequest,
} from "../../src/admission/origin.ts";

const app = "https://app.example.com";

/** Servers, by reachability. */
const onLoopback = { host: "127.0.0.1", origins: [], trustProxy: 0 };
const onAllAddresses = { ...onLoopback, host: "0.0.0.0" };
const behindProxy = { ...onLoopback, trustProxy: 1 };

function listed(...origins: string[]): OriginPolicy {
  return { ...onAllAddresses, origins };
}

type Case = readonly [
  criterion: string,
  request: PageRequest,
  policy: OriginPolicy,
];

const allowed: readonly Case[] = [
  ["no browser", { host: "a.test" }, onLoopback],
  ["no browser past a list", { host: "a.test" }, listed(app)],
  [
    "no browser that names a language, beyond loopback",
    { host: "a.test", acceptLanguage: "*", userAgent: "node" },
    onAllAddresses,
  ],
  [
    "no browser that names a language, by a loopback name",
    { host: "localhost:8000", acceptLanguage: "*", userAgent: "Deno/2.4" },
    onLoopback,
  ],
  [
    "a page of the same host",
    { origin: "http://127.0.0.1:8000", host: "127.0.0.1:8000" },
    onLoopback,
  ],
  [
    "a page of the same IP address",
    { origin: "http://192.0.2.1:8000", host: "192.0.2.1:8000" },
    onAllAddresses,
  ],
  [
    "a page of the same IPv6 address",
    { origin: "http://[2001:DB8::1]", host: "[2001:db8::1]" },
    onAllAddresses,
  ],
  [
    "a page of the host that the server listens on",
    { origin: "http://push.test:8000", host: "push.test:8000" },
    { ...onLoopback, host: "push.test" },
  ],
  [
    "a page of the same host behind a proxy",
    { origin: "http://a.test", host: "A.test" },
    behindProxy,
  ],
  [
    "a page of the same host with TLS before the server",
    { origin: "https://a.test", host: "a.test" },
    behindProxy,
  ],
  [
    "a Host with the default port of https",
    { origin: "https://a.test", host: "a.test:443" },
    behindProxy,
  ],
  [
    "a Host with the default port of http",
    { origin: "http://a.test", host: "a.test:80" },
    behindProxy,
  ],
  [
    "an Origin with the default port",
    { origin: "https://a.test:443", host: "a.test" },
    behindProxy,
  ],
  ...[
    "http://localhost:5173",
    "http://127.9.9.9",
    "https://[::1]:1",
    "http://app.localhost",
  ]
    .flatMap((origin) =>
      [onLoopback, { ...onLoopback, host: "::1", origins: [app] }].map(
        (policy): Case => [
          `the loopback origin ${origin} on ${policy.host}`,
          { origin, host: "localhost:8000" },
          policy,
        ],
      )
    ),
  [
    "a request of the server's own page without Origin",
    { host: "app.localhost:8000", fetchSite: "same-origin" },
    onLoopback,
  ],
  ["an origin on the list", { origin: app, host: "a.test" }, listed(app)],
  [
    "an origin on the list with its default port",
    { origin: `${app}:443`, host: "a.test" },
    listed("http://x", app),
  ],
  [
    "a page without Origin at a listed origin's host, on any port",
    { host: "app.example.com:8000", fetchSite: "same-origin" },
    listed(app),
  ],
  ...["capacitor://localhost", "chrome-extension://abcdefgh", "null", "file://"]
    .map((origin): Case => [
      `the listed origin ${origin}`,
      { origin, host: "a.test" },
      listed(origin),
    ]),
  [
    "everything that the list's * names",
    { origin: "null", host: "evil.test" },
    { ...onLoopback, origins: [app, "*"] },
  ],
];

for (const [criterion, request, policy] of allowed) {
  Deno.test(`originFault() lets pass ${criterion}`, () => {
    assertEquals(originFault(request, policy), undefined);
  });
}

const rebound = { host: "evil.test:8000" };

const refused: readonly Case[] = [
  ["another host", { origin: "http://b.test", host: "a.test" }, behindProxy],
  [
    "another port",
    { origin: "https://a.test", host: "a.test:444" },
    behindProxy,
  ],
  [
    "the other scheme's default port",
    { origin: "http://a.test", host: "a.test:443" },
    behindProxy,
  ],
  ["a subdomain", { origin: "http://x.a.test", host: "a.test" }, behindProxy],
  [
    "a host that only begins alike",
    { origin: "http://a.test.evil", host: "a.test" },
    behindProxy,
  ],
  ["an opaque origin", { origin: "null", host: "localhost" }, onLoopback],
  ["an opaque origin's host", { origin: "null", host: "null" }, behindProxy],
  ["a text that is no origin", { origin: "x", host: "x" }, behindProxy],
  [
    "an app's scheme",
    { origin: "app://localhost", host: "localhost" },
    onLoopback,
  ],
  ["an origin without Host", { origin: "http://a.test" }, behindProxy],
  [
    "a Host that is none",
    { origin: "http://a.test", host: "x@a.test" },
    behindProxy,
  ],
  [
    "the same host past a list",
    { origin: "http://192.0.2.1", host: "192.0.2.1" },
    listed(app),
  ],
  [
    "another scheme than the list's",
    { origin: "http://app.example.com", host: "localhost" },
    listed(app),
  ],
  [
    "a loopback origin beyond loopback",
    { origin: "http://localhost:5173", host: "192.0.2.1" },
    onAllAddresses,
  ],
  [
    "a foreign page at a loopback name",
    { origin: "https://evil.test", host: "localhost:8000" },
    onLoopback,
  ],
  ...[onLoopback, onAllAddresses, listed(app), listed("null")].flatMap(
    (policy): readonly Case[] => {
      const where = JSON.stringify(policy);
      return [
        [
          `a rebound name, ${where}`,
          { ...rebound, origin: "http://evil.test:8000" },
          policy,
        ],
        [
          `a rebound name without Origin, ${where}`,
          { ...rebound, fetchSite: "same-origin" },
          policy,
        ],
        [
          `a rebound name by the user agent alone, ${where}`,
          { ...rebound, userAgent: "Mozilla/5.0 (X11)" },
          policy,
        ],
      ];
    },
  ),
  [
    "a rebound name by a language that the page has emptied",
    { ...rebound, acceptLanguage: "", userAgent: "curl/8" },
    onLoopback,
  ],
  ["a browser without Host", { fetchSite: "none" }, onLoopback],
  [
    "an address that loopback does not have",
    { origin: "http://192.0.2.1", host: "192.0.2.1" },
    onLoopback,
  ],
];

for (const [criterion, request, policy] of refused) {
  Deno.test(`originFault() refuses ${criterion}`, () => {
    const fault = originFault(request, policy);
    assert(fault);
    assertStringIncludes(fault, "TASKWIRE_ORIGINS");
    assertStringIncludes(fault, request.origin ?? `http://${request.host}`);
  });
}

Deno.test("originFault() names the proxy setting for a name that it does not know", () => {
  const fault = originFault(
    { ...rebound, fetchSite: "same-origin" },
    onLoopback,
  );
  assertStringIncludes(fault ?? "", "TASKWIRE_TRUST_PROXY");
});

Deno.test("originFault() repeats no more than 300 characters of an origin", () => {
  const origin = `http://${"a".repeat(60_000)}`;
  const fault = originFault({ origin, host: origin }, onLoopback);
  assert(fault && fault.length < 1_000, `${fault?.length}`);
});

for (
  const [text, origin] of [
    ["https://a.test", "https://a.test"],
    ["https://A.test:443", "https://a.test"],
    ["http://a.test:443", "http://a.test:443"],
    ["capacitor://localhost", "capacitor://localhost"],
    ["moz-extension://0A-b", "moz-extension://0A-b"],
    ["null", "null"],
    ["file://", "file://"],
    ["https://", undefined],
    ["https://a.test/", undefined],
    ["https://u@a.test", undefined],
    ["https://*.test", undefined],
    ["https://a.test:99999", undefined],
    ["a.test", undefined],
    ["*", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`canonicalOrigin() makes ${origin} of '${text}'`, () => {
    assertEquals(canonicalOrigin(text), origin);
  });
}
