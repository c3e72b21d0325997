import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Context, Hono } from "hono";
import { type Problem, ProblemError } from "../../src/protocol/problem.ts";
import {
  badQuery,
  readBody,
  readWhole,
  refuseEncoded,
} from "../../src/http/request.ts";
import { checkTaskId, readTaskId } from "../../src/connections/read_task_id.ts";

/** Reads the id of a request to `/tasks/…`, or the problem. */
async function read<T>(
  path: string,
  reader: (c: Context) => T,
): Promise<T | Problem> {
  const app = new Hono();
  let result: T | Problem | undefined;
  app.get("/tasks/:connection_id{.+}", (c) => {
    result = reader(c);
    return c.body(null);
  });
  app.onError((error, c) => {
    if (!(error instanceof ProblemError)) throw error;
    result = error.problem;
    return c.body(null);
  });
  await app.request(`/tasks/${path}`);
  return result as T | Problem;
}

for (
  const [path, id] of [
    ["a", "a"],
    ["a/b", "a/b"],
    ["a%2Fb", "a/b"],
    ["a%252Fb", "a%2Fb"],
    ["100%25", "100%"],
    ["%E4%B8%8A", "上"],
    ["a?x=%ff", "a"],
    ["a+b%20c", "a+b c"],
  ] as const
) {
  Deno.test(`readTaskId() reads ${path} as ${id}`, async () => {
    assertEquals(await read(path, readTaskId), id);
  });
}

for (const path of ["%", "%f", "a%ffb", "%E4%B8", "%00", "a".repeat(257)]) {
  Deno.test(`readTaskId() answers 400 to ${path.slice(0, 9)}`, async () => {
    const problem = await read(path, readTaskId) as Problem;
    assertEquals([problem.status, problem.code], [400, "bad_connection_id"]);
  });
}

Deno.test("checkTaskId() returns a valid id", () => {
  for (const id of ["a", "a/b", "😀".repeat(256)]) {
    assertEquals(checkTaskId(id), id);
  }
});

for (
  const [id, says] of [
    [undefined, "missing"],
    [null, "must be text"],
    [7, "must be text"],
    [["a"], "must be text"],
    ["", "empty"],
    ["a\u007f", "control character"],
    ["a".repeat(257), "longer than 256"],
  ] as const
) {
  Deno.test(`checkTaskId() answers 400 to ${String(id).slice(0, 9)} of type ${typeof id}`, () => {
    const { problem } = assertThrows(
      () => checkTaskId(id),
      ProblemError,
      says,
    );
    assertEquals([problem.status, problem.code], [400, "bad_connection_id"]);
  });
}

const bounds = { min: 2, max: 1_000, fallback: 7 };

for (
  const [query, expected] of [
    ["", 7],
    ["?other=3", 7],
    ["?n=2", 2],
    ["?n=1000", 1_000],
    ["?n=007", 7],
    ["?n=3&n=4", 3],
  ] as const
) {
  Deno.test(`readWhole() reads ${query || "nothing"} as ${expected}`, async () => {
    const value = await read(`a${query}`, (c) => readWhole(c, "n", bounds));
    assertEquals(value, expected);
  });
}

for (
  const text of [
    "",
    "1",
    "1001",
    "-2",
    "%2B2",
    "2.0",
    "2e1",
    "0x2",
    " 2",
    "2x",
    "NaN",
    "Infinity",
    "٣",
    "2".repeat(16),
  ]
) {
  Deno.test(`readWhole() answers 400 to n=${text}`, async () => {
    assertEquals<unknown>(
      await read(`a?n=${text}`, (c) => readWhole(c, "n", bounds)),
      {
        status: 400,
        code: "bad_query",
        detail: "n: expected a whole number from 2 to 1000",
      },
    );
  });
}

/** Creates a request with a body in chunks, without a length. */
function streamed(chunks: readonly Uint8Array<ArrayBuffer>[]): {
  request: Request;
  taken: () => number;
} {
  let taken = 0;
  const body = new ReadableStream({
    pull(controller) {
      const chunk = chunks[taken];
      taken += 1;
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const request = new Request("http://a/", { method: "POST", body });
  return { request, taken: () => taken };
}

for (
  const [encoding, passes] of [
    [undefined, true],
    ["", true],
    ["identity", true],
    [" Identity ", true],
    ["gzip", false],
    ["br", false],
    ["identity, gzip", false],
  ] as const
) {
  Deno.test(`refuseEncoded() ${passes ? "lets through" : "answers 415 to"} Content-Encoding: ${encoding}`, async () => {
    const app = new Hono();
    let problem: Problem | undefined;
    app.post("/", (c) => {
      refuseEncoded(c);
      return c.text("passed");
    });
    app.onError((error, c) => {
      if (!(error instanceof ProblemError)) throw error;
      problem = error.problem;
      return c.text("refused");
    });
    const response = await app.request("/", {
      method: "POST",
      headers: encoding === undefined ? {} : { "Content-Encoding": encoding },
    });
    assertEquals(await response.text(), passes ? "passed" : "refused");
    assertEquals(
      problem && [problem.status, problem.code, problem.headers],
      passes
        ? undefined
        : [415, "unsupported_encoding", { "Accept-Encoding": "identity" }],
    );
  });
}

Deno.test("readBody() reads a body up to its limit, in pieces of any size", async () => {
  const bytes = new TextEncoder().encode("上传é!");
  for (const size of [1, 2, 3, bytes.length]) {
    const chunks = [];
    for (let at = 0; at < bytes.length; at += size) {
      chunks.push(bytes.slice(at, at + size));
    }
    const { request } = streamed(chunks);
    assertEquals(await readBody(request, bytes.length), "上传é!");
  }
});

for (
  const [criterion, bytes, text] of [
    ["a literal U+FFFD", [0xef, 0xbf, 0xbd], "\ufffd"],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x61], "a"],
    ["a bad byte", [0x61, 0xff], undefined],
    ["a cut character", [0xf0, 0x9f, 0x98], undefined],
    ["half a surrogate pair", [0xed, 0xa0, 0x80], undefined],
  ] as const
) {
  Deno.test(`readBody() ${text === undefined ? "refuses" : "reads"} ${criterion}`, async () => {
    const body = Uint8Array.from(bytes);
    const reading = readBody(
      new Request("http://a/", { method: "POST", body }),
      10,
    );
    if (text !== undefined) return assertEquals(await reading, text);
    const { problem } = await assertRejects(() => reading, ProblemError);
    assertEquals([problem.status, problem.code], [400, "bad_json"]);
  });
}

Deno.test("readBody() reads nothing of a request without a body", async () => {
  assertEquals(await readBody(new Request("http://a/"), 1), "");
});

Deno.test("readBody() stops reading at the limit", async () => {
  const chunks = Array.from({ length: 100 }, () => new Uint8Array(10));
  const { request, taken } = streamed(chunks);
  const { problem } = await assertRejects(
    () => readBody(request, 25),
    ProblemError,
  );
  assertEquals([problem.status, problem.code], [413, "body_too_large"]);
  assertEquals(taken(), 3);
});

for (const [length, refused] of [["4", false], ["5", true], ["x", true]]) {
  Deno.test(`readBody() ${refused ? "refuses" : "reads"} an announced length of ${length} with a limit of 4`, async () => {
    const { request } = streamed([new TextEncoder().encode("body")]);
    const announced = new Request(request, {
      headers: { "Content-Length": String(length) },
    });
    const reading = readBody(announced, 4);
    if (refused) await assertRejects(() => reading, ProblemError);
    else assertEquals(await reading, "body");
  });
}

Deno.test("badQuery() is a problem with its code", () => {
  assertEquals(badQuery("status: no").problem, {
    status: 400,
    code: "bad_query",
    detail: "status: no",
  });
});
