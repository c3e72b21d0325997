import { assertEquals, assertStringIncludes } from "@std/assert";
import { published } from "../support/published.ts";
import { answerOf } from "../support/answer.ts";
import { rawHandshake } from "../support/handshake.ts";
import { startTestServer } from "../support/server.ts";
import { answerOfStream } from "../support/sse_client.ts";

const page = "https://page.example";

function cors(headers: Headers) {
  return [
    headers.get("access-control-allow-origin"),
    headers.get("vary"),
  ];
}

for (
  const [origins, origin, isAllowed] of [
    [[], undefined, true],
    [[], "same", true],
    [[], page, false],
    [[page], page, true],
    [[page], "same", true],
    [[], "http://localhost:5173", true],
    [[page], "null", false],
    [["*"], page, true],
    [["*"], undefined, true],
  ] as [string[], string | undefined, boolean][]
) {
  Deno.test(`sseRoutes() ${isAllowed ? "opens to" : "answers 403 to"} origin ${origin} if ${JSON.stringify(origins)} may`, async () => {
    await using server = await startTestServer({ config: { origins } });
    await published(server, "a", { status: "done" });
    const from = origin === "same" ? server.origin : origin;
    const answer = await answerOfStream(server, "a", {
      headers: from === undefined ? {} : { Origin: from },
    });
    assertEquals(cors(answer.headers), [
      isAllowed && from !== undefined ? from : null,
      "Origin",
    ]);
    if (isAllowed) assertEquals(answer.status, 200);
    else {
      assertEquals([answer.status, answer.json().code], [
        403,
        "origin_not_allowed",
      ]);
    }
    assertEquals(server.services.registry.list(), []);
  });
}

Deno.test("sseRoutes() lets an allowed page read the reason for a refusal", async () => {
  await using server = await startTestServer({
    config: { origins: [page], auth: "required" },
  });
  const headers = { Origin: page };
  const refused = await answerOfStream(server, "a", { headers });
  assertEquals([refused.status, ...cors(refused.headers)], [
    401,
    page,
    "Origin",
  ]);
  assertEquals(
    refused.headers.get("access-control-expose-headers"),
    "Retry-After",
  );
});

for (const isAllowed of [true, false]) {
  Deno.test(`sseRoutes() ${isAllowed ? "lets" : "does not let"} a page's token pass the preflight from ${isAllowed ? "an" : "no"} allowed origin`, async () => {
    await using server = await startTestServer({
      config: { origins: isAllowed ? [page] : [] },
    });
    const { status, headers, text } = await answerOf(
      fetch(`${server.origin}/sse/realtime/a%2Fb`, {
        method: "OPTIONS",
        headers: {
          Origin: page,
          "Access-Control-Request-Method": "GET",
          "Access-Control-Request-Headers": "authorization,last-event-id",
        },
      }),
    );
    assertEquals([status, text], [204, ""]);
    assertEquals(
      headers.get("access-control-allow-origin"),
      isAllowed ? page : null,
    );
    assertEquals(headers.get("access-control-allow-methods"), "GET");
    assertEquals(
      headers.get("access-control-allow-headers"),
      "Authorization,Last-Event-ID,Cache-Control",
    );
    assertEquals(headers.get("access-control-max-age"), "600");
    assertEquals(server.services.registry.socketCount, 0);
  });
}

for (
  const [criterion, headers] of [
    ["by its Origin", { Origin: "http://evil.example" }],
    ["by Sec-Fetch-Site", { "Sec-Fetch-Site": "same-origin" }],
    ["by its user agent", { "User-Agent": "Mozilla/5.0" }],
    ["by its language", { "Accept-Language": "" }],
  ] as [string, Record<string, string>][]
) {
  Deno.test(`sseRoutes() answers 403 to a page that rebinds its name, known ${criterion}`, async () => {
    await using server = await startTestServer();
    const noSocket = { Upgrade: null, Connection: null };
    const { status, body } = await rawHandshake(
      `${server.origin}/sse/realtime/a`,
      { ...noSocket, ...headers, Host: "evil.example" },
    );
    const { code, detail } = JSON.parse(body);
    assertEquals([status, code], [403, "origin_not_allowed"]);
    assertStringIncludes(detail, "http://evil.example");
    assertStringIncludes(detail, "TASKWIRE_ORIGINS");
  });
}
