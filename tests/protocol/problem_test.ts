import { assertEquals, assertInstanceOf } from "@std/assert";
import { ProblemError, problemResponse } from "../../src/protocol/problem.ts";

for (
  const [status, title] of [
    [400, "Bad Request"],
    [401, "Unauthorized"],
    [403, "Forbidden"],
    [404, "Not Found"],
    [409, "Conflict"],
    [413, "Content Too Large"],
    [415, "Unsupported Media Type"],
    [422, "Unprocessable Content"],
    [426, "Upgrade Required"],
    [429, "Too Many Requests"],
    [500, "Internal Server Error"],
    [503, "Service Unavailable"],
  ] as const
) {
  Deno.test(`problemResponse() calls ${status} '${title}'`, async () => {
    const response = problemResponse({
      status,
      code: "not_found",
      detail: "Detail",
    });
    assertEquals(response.status, status);
    assertEquals(
      await response.text(),
      `{"type":"about:blank","title":"${title}","status":${status},"code":"not_found","detail":"Detail"}`,
    );
  });
}

Deno.test("problemResponse() is of the media type of RFC 9457", async () => {
  const response = problemResponse({
    status: 404,
    code: "not_found",
    detail: "d",
  });
  assertEquals(
    response.headers.get("content-type"),
    "application/problem+json",
  );
  await response.body?.cancel();
});

Deno.test("problemResponse() challenges on 401 and only then", async () => {
  for (const [status, challenge] of [[401, "Bearer"], [403, null]] as const) {
    const response = problemResponse({
      status,
      code: "not_found",
      detail: "d",
    });
    assertEquals(response.headers.get("www-authenticate"), challenge);
    await response.body?.cancel();
  }
});

Deno.test("problemResponse() says when to come back on 429 and 503", async () => {
  for (const [status, seconds] of [[429, "5"], [503, "5"], [500, null]]) {
    const response = problemResponse({
      status: Number(status),
      code: "not_found",
      detail: "d",
    });
    assertEquals(response.headers.get("retry-after"), seconds);
    await response.body?.cancel();
  }
});

Deno.test("problemResponse() sends further headers", async () => {
  const response = problemResponse({
    status: 426,
    code: "not_found",
    detail: "d",
    headers: { Upgrade: "websocket" },
  });
  assertEquals(response.headers.get("upgrade"), "websocket");
  await response.body?.cancel();
});

Deno.test("ProblemError is an Error with the problem's detail", () => {
  const error = new ProblemError({
    status: 400,
    code: "not_found",
    detail: "Detail",
  });
  assertInstanceOf(error, Error);
  assertEquals([error.name, error.message], ["ProblemError", "Detail"]);
});
