import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { assertAnswer } from "../support/documents.ts";
import { answerOf } from "../support/answer.ts";
import { FakeTime } from "../support/fake_time.ts";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import {
  answerOfList,
  SseClient,
  type SseRequest,
} from "../support/sse_client.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

const page = "https://page.example";
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const ada = await signToken({ sub: "ada" });
const expired = await signToken({ sub: "ada", exp: secondsFromNow(-60) });
const teamOf = (labels: string[]) => signToken({ sub: "bob", labels });

for (
  const [place, request] of [
    ["the query", { query: `?mine=true&token=${ada}` }],
    ["Authorization", { query: "?mine=true", headers: bearer(ada) }],
  ] as [string, SseRequest][]
) {
  Deno.test(`sseRoutes() takes the token of a list from ${place}`, async () => {
    await using server = await startTestServer();
    await using client = await SseClient.openList(server, request);
    assertEquals((await client.nextOf("connected")).user_id, "ada");
    await client.nextOf("list");
  });
}

for (
  const [who, headers, reason] of [
    ["a guest named like the owner", {}, /^A list needs a valid token/],
    ["a bad token", bearer("bad"), /JWT.*\. A list needs a valid token/],
    ["an expired token", bearer(expired), /expired.*\. A list needs a valid/],
  ] as [string, Record<string, string>, RegExp][]
) {
  Deno.test(`sseRoutes() answers 401 to ${who} who asks for a list`, async () => {
    await using server = await startTestServer({
      config: { guestUserId: "ada", origins: [page] },
    });
    await published(server, "a", { user_id: "ada", labels: ["team:7"] });
    for (const query of ["?mine=true", "?label=team:7"]) {
      const answer = await answerOfList(server, {
        query,
        headers: { ...headers, Origin: page },
      });
      assertEquals([answer.status, answer.json().code], [
        401,
        "authentication_required",
      ]);
      assertMatch(String(answer.json().detail), reason);
      assertEquals(answer.headers.get("www-authenticate"), "Bearer");
      assertEquals(
        answer.headers.get("access-control-allow-origin"),
        page,
        "a page can read the reason",
      );
      assertAnswer("GET /sse/list", answer);
    }
    assertEquals(server.services.registry.socketCount, 0);
    assertEquals(server.services.hub.lists.topicCount, 0);
  });
}

for (
  const [who, token] of [
    ["without a labels claim", await signToken({ sub: "bob", tasks: ["*"] })],
    ["for other labels", await teamOf(["team:8", "imports"])],
  ] as const
) {
  Deno.test(`sseRoutes() answers 403 to a token ${who} that asks for labels`, async () => {
    await using server = await startTestServer();
    await published(server, "a", { labels: ["team:7"], message: "secret" });
    const answer = await answerOfList(server, {
      query: "?label=team:7&label=import",
      headers: bearer(token),
    });
    assertEquals([answer.status, answer.json().code], [403, "forbidden"]);
    assertMatch(String(answer.json().detail), /'labels' claim/);
    assertFalse(answer.text.includes("secret"));
    assertAnswer("GET /sse/list", answer);
    assertEquals(server.services.registry.socketCount, 0);
    assertEquals(server.services.hub.lists.topicCount, 0);
  });
}

Deno.test("sseRoutes() lists by labels if the claim covers one of them", async () => {
  await using server = await startTestServer();
  await published(server, "a", { labels: ["team:7", "x"], user_id: "eve" });
  await using client = await SseClient.openList(server, {
    query: "?label=x&label=team:7",
    headers: bearer(await teamOf(["team:*"])),
  });
  const { tasks } = await client.nextOf("list");
  assertEquals((tasks as unknown[]).length, 1);
});

for (const auth of ["optional", "required"] as const) {
  Deno.test(`sseRoutes() answers 503 to a list if tokens can't be checked and authentication is ${auth}`, async () => {
    await using server = await startTestServer({
      config: { auth },
      services: () => ({
        verifier: { verify: () => Promise.reject(new Error("down")) },
      }),
    });
    const answer = await answerOfList(server, {
      query: "?mine=true",
      headers: bearer(ada),
    });
    assertEquals([answer.status, answer.json().code], [
      503,
      "authentication_unavailable",
    ]);
    assert(Number(answer.headers.get("retry-after")) >= 1);
    assertAnswer("GET /sse/list", answer);
  });
}

for (const query of ["?mine=true", "?label=team:7"]) {
  Deno.test(`sseRoutes() ends the list ${query} when the token expires, without showing more`, async () => {
    await using server = await startTestServer({
      config: { jwtLeewaySeconds: 0 },
    });
    await published(server, "a", { user_id: "ada", labels: ["team:7"] });
    await published(server, "b", { labels: ["team:7"] });
    using time = new FakeTime();
    const short = await signToken({
      sub: "ada",
      labels: ["team:7"],
      exp: secondsFromNow(60),
    });
    const request = { query, headers: bearer(short) };
    await using client = await SseClient.openList(server, request);
    await client.nextOf("list");
    time.tick(30_500);
    assertEquals((await client.nextOf("token_expiring")).expires_in, 30);
    time.tick(30_500);
    const events = await client.toTheEnd();
    assertEquals(events.map(({ event }) => event), ["auth", "error", "error"]);
    assertEquals(
      events.slice(1).map(({ data = "" }) => JSON.parse(data).code),
      ["token_expired", "token_expired"],
    );
    assertEquals(server.services.hub.lists.topicCount, 0);
    const answer = await answerOfList(server, request);
    assertEquals(answer.status, 401);
  });
}

Deno.test("sseRoutes() lets the page of an allowed origin pass the preflight of a list", async () => {
  for (const [origins, allowed] of [[[page], page], [[], null]] as const) {
    await using server = await startTestServer({
      config: { origins: [...origins] },
    });
    const { status, headers } = await answerOf(
      fetch(`${server.origin}/sse/list?mine=true`, {
        method: "OPTIONS",
        headers: {
          Origin: page,
          "Access-Control-Request-Method": "GET",
          "Access-Control-Request-Headers": "authorization",
        },
      }),
    );
    assertEquals([status, headers.get("access-control-allow-origin")], [
      204,
      allowed,
    ]);
    assertEquals(headers.get("access-control-allow-methods"), "GET");
  }
});

Deno.test("sseRoutes() answers 403 to the page of another origin that asks for a list", async () => {
  await using server = await startTestServer();
  const answer = await answerOfList(server, {
    query: "?mine=true",
    headers: { ...bearer(ada), Origin: page },
  });
  assertEquals([answer.status, answer.json().code], [
    403,
    "origin_not_allowed",
  ]);
  assertEquals(answer.headers.get("access-control-allow-origin"), null);
});

for (
  const [limit, config, status] of [
    ["in all", { maxConnections: 1 }, 503],
    ["of an address", { maxConnectionsPerIp: 1 }, 429],
    ["of a user", { maxConnectionsPerUser: 1 }, 429],
  ] as const
) {
  Deno.test(`sseRoutes() answers ${status} to one list too many ${limit}`, async () => {
    await using server = await startTestServer({ config });
    const request = { query: "?mine=true", headers: bearer(ada) };
    await using first = await SseClient.openList(server, request);
    await first.nextOf("list");
    const answer = await answerOfList(server, request);
    assertEquals([answer.status, answer.json().code], [
      status,
      "too_many_connections",
    ]);
    assertAnswer("GET /sse/list", answer);
  });
}
