import { assertEquals } from "@std/assert";
import { makeApi, scoped } from "../../support/api.ts";
import { testApiKey } from "../../support/server.ts";
import type { Frame } from "../../support/socket.ts";
import { upTo } from "../../support/watching.ts";
import { StoreUnavailableError } from "../../../src/tasks/store.ts";
import { setImmediate } from "node:timers";
import { maxEventBytes } from "../../../src/http/api/draft_body.ts";
import { maxBatchLines } from "../../../src/http/api/event_lines.ts";
import { ProblemError } from "../../../src/protocol/problem.ts";

const path = "POST /api/events";

/** Returns the result lines of an answer. */
function resultsOf(text: string): Frame[] {
  assertEquals(text === "" || text.endsWith("\n"), true, text);
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

/** Shortens a result to an offset, or a status and a code. */
function short({ offset, status, code }: Frame): string {
  return offset === undefined ? `${status} ${code}` : `offset ${offset}`;
}

/** Publishes lines to a new API; returns the shortened results. */
async function publish(body: string): Promise<string[]> {
  const { call } = await makeApi();
  const { status, text } = await call(path, { body });
  assertEquals(status, 200);
  return resultsOf(text).map(short);
}

Deno.test("POST /api/events answers the lines in order, as NDJSON", async () => {
  const { call, services } = await makeApi();
  const body = ["a", "b", "a", "c/d", "a"]
    .map((connection_id) => `${JSON.stringify({ connection_id })}\n`).join("");
  const { status, headers, text } = await call(path, { body });
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "application/x-ndjson");
  const { epoch } = await services.store.read("a");
  const rest = {
    epoch,
    delivered: 0,
    duplicate: false,
    cancel_requested: false,
  };
  assertEquals(resultsOf(text), [
    { connection_id: "a", offset: 1, ...rest },
    { connection_id: "b", offset: 1, ...rest },
    { connection_id: "a", offset: 2, ...rest },
    { connection_id: "c/d", offset: 1, ...rest },
    { connection_id: "a", offset: 3, ...rest },
  ]);
});

Deno.test("POST /api/events stores the event of each line, in the order of a task's lines", async () => {
  for (const store of ["memory:", "sqlite::memory:"]) {
    const { call, services } = await makeApi({ store });
    const body = upTo(100).map((current) =>
      JSON.stringify({ connection_id: "ab"[current % 2], current, total: 100 })
    ).join("\n");
    await call(path, { body });
    const { epoch } = await services.store.read("a");
    const { events } = await services.store.read("a", { epoch, offset: 0 });
    assertEquals(
      events.map(({ json }) => JSON.parse(json))
        .map(({ current, progress }) => [current, progress]),
      upTo(50).map((half) => [2 * half, half / 50]),
    );
    await services.store.close();
  }
});

for (
  const [what, line, result] of [
    ["what is no JSON", "{", "400 bad_json"],
    ["what is no object", "[]", "422 bad_event"],
    ["a bad event", '{"connection_id":"a","progress":2}', "422 bad_event"],
    ["an unknown member", '{"connection_id":"a","progres":1}', "422 bad_event"],
    ["no connection_id", '{"progress":1}', "400 bad_connection_id"],
    ["no text as one", '{"connection_id":7}', "400 bad_connection_id"],
    ["an empty one", '{"connection_id":""}', "400 bad_connection_id"],
    [
      "a control character",
      '{"connection_id":"a\\n"}',
      "400 bad_connection_id",
    ],
    [
      "a refused event",
      '{"connection_id":"over"}',
      "409 task_finished",
    ],
    [
      "a long line",
      `{"connection_id":"a","message":"${"x".repeat(maxEventBytes)}"}`,
      "413 body_too_large",
    ],
    ["a carriage return", '{"connection_id":"b"}\r', "offset 1"],
  ] as const
) {
  Deno.test(`POST /api/events answers ${result} to ${what}, and goes on`, async () => {
    const over = '{"connection_id":"over","status":"failed"}';
    const good = '{"connection_id":"a"}';
    const results = await publish([over, good, line, good].join("\n"));
    assertEquals(results, ["offset 1", "offset 1", result, "offset 2"]);
  });
}

Deno.test("POST /api/events answers a bad line like a single request", async () => {
  const { call, put } = await makeApi();
  await put("a", { status: "succeeded" });
  const members = '"progress":2';
  const alone = await call("POST /api/tasks/a/events", {
    body: `{${members}}`,
  });
  const { text } = await call(path, {
    body: `{"connection_id":"a",${members}}`,
  });
  assertEquals(resultsOf(text), [{ ...alone.json(), line: 1 }]);
});

Deno.test("POST /api/events numbers bad lines by their position in the body", async () => {
  const { call } = await makeApi();
  const body = '{"connection_id":"a"}\n\n{\n{"connection_id":"a"}\n{}\n';
  const { text } = await call(path, { body });
  assertEquals(
    resultsOf(text).map(({ code, line }) => [code, line]),
    [[undefined, undefined], ["bad_json", 3], [undefined, undefined], [
      "bad_connection_id",
      5,
    ]],
  );
});

Deno.test("POST /api/events rejects only the line that is not UTF-8", async () => {
  const { call, services } = await makeApi();
  const latin1 = [
    '{"connection_id":"x-\xe9"}',
    '{"connection_id":"x-\xc3\xa9"}',
    "\xe8",
  ].join("\n");
  const body = Uint8Array.from(latin1, (letter) => letter.charCodeAt(0));
  const { text } = await call(path, { body });
  assertEquals(
    resultsOf(text).map((result) => [short(result), result.line]),
    [["400 bad_json", 1], ["offset 1", undefined], ["400 bad_json", 3]],
  );
  assertEquals((await services.store.list({ limit: 9 })).states.length, 1);
});

Deno.test("POST /api/events drops a byte order mark at the start of the body", async () => {
  const line = '\uFEFF{"connection_id":"a"}\n';
  assertEquals(await publish(line + line), ["offset 1", "400 bad_json"]);
});

Deno.test("POST /api/events serves further requests after each 100 lines", async () => {
  let turn = 0;
  const batches: (readonly [turn: number, size: number])[] = [];
  const { call } = await makeApi({}, ({ store }) => ({
    store: {
      ...store,
      publishAll(publications) {
        batches.push([turn, publications.length]);
        return store.publishAll(publications);
      },
    },
  }));
  let isDone = false;
  function count(): void {
    turn += 1;
    if (!isDone) setImmediate(count);
  }
  count();
  const body = '{"connection_id":"a"}\n'.repeat(5_000);
  const { text } = await call(path, { body });
  isDone = true;
  assertEquals(resultsOf(text).length, 5_000);
  assertEquals(batches.every(([, size]) => size <= maxBatchLines), true);
  const turns = batches.map(([turn]) => turn);
  assertEquals(new Set(turns).size, turns.length);
});

Deno.test("ProblemError captures no stack", () => {
  const { stackTraceLimit } = Error;
  const error = new ProblemError({
    status: 400,
    code: "bad_json",
    detail: "y",
  });
  assertEquals(error.stack?.includes("\n"), false);
  assertEquals(Error.stackTraceLimit, stackTraceLimit);
});

Deno.test("POST /api/events accepts a line of the largest size", async () => {
  const [head, tail] = ['{"connection_id":"a","data":"', '"}'];
  const data = "x".repeat(65_534);
  const padding = " ".repeat(
    maxEventBytes - head.length - tail.length - data.length,
  );
  const line = head + data + tail + padding;
  assertEquals(line.length, maxEventBytes);
  assertEquals(await publish(line), ["offset 1"]);
  assertEquals(await publish(`${line} `), ["413 body_too_large"]);
});

for (
  const [what, body, results] of [
    ["nothing", "", []],
    ["one line without its end", '{"connection_id":"a"}', ["offset 1"]],
    ["one line with its end", '{"connection_id":"a"}\n', ["offset 1"]],
    ["a line's end alone", "\n", []],
    ["blank lines", ' \n\r\n{"connection_id":"a"}\n\t\r\n', ["offset 1"]],
    ["half a line", '{"connection_id":"a"}\n{"conn', [
      "offset 1",
      "400 bad_json",
    ]],
  ] as const
) {
  Deno.test(`POST /api/events answers ${results.length} lines to ${what}`, async () => {
    assertEquals(await publish(body), [...results]);
  });
}

Deno.test("POST /api/events answers a request without a body", async () => {
  const { call } = await makeApi();
  const { status, text } = await call(path);
  assertEquals([status, text], [200, ""]);
});

Deno.test("POST /api/events answers a repeated event_id with the first answer", async () => {
  const { call } = await makeApi();
  const line = '{"connection_id":"a","event_id":"e1"}\n';
  const twice = resultsOf((await call(path, { body: line + line })).text);
  const again = resultsOf((await call(path, { body: line })).text);
  assertEquals(
    [...twice, ...again].map(({ offset, duplicate }) => [offset, duplicate]),
    [[1, false], [1, true], [1, true]],
  );
});

/** Creates the body of a request: short and answered at once, or streamed. */
const ways = [
  ["short", (body: string) => ({ body, length: { "Content-Length": "9" } })],
  ["streamed", (body: string) => ({
    // One chunk per line.
    body: ReadableStream.from(body.split(/(?<=\n)/))
      .pipeThrough(new TextEncoderStream()),
    length: {},
  })],
] as const;

for (const [way, request] of ways) {
  Deno.test(`POST /api/events names the lines of a ${way} request by its Idempotency-Key and their numbers`, async () => {
    const { call, services } = await makeApi();
    async function send(key: string, text: string): Promise<string[]> {
      const { body, length } = request(text);
      const answer = await call(path, {
        body,
        headers: {
          ...length,
          "Idempotency-Key": key,
          Authorization: `Bearer ${testApiKey}`,
        },
      });
      return resultsOf(answer.text).map((result) =>
        result.duplicate ? `again ${result.offset}` : short(result)
      );
    }
    const lines = [
      '{"connection_id":"a"}\n',
      "no JSON\n",
      `"${"x".repeat(maxEventBytes)}"\n`,
      '{"connection_id":"a","event_id":"own"}\n',
      '{"connection_id":"a"}',
    ].join("");
    const refused = ["400 bad_json", "413 body_too_large"];
    const first = ["offset 1", ...refused, "offset 2", "offset 3"];
    assertEquals(await send("k", lines), first);
    const { events } = await services.store.read("a", "oldest");
    assertEquals(
      events.map(({ json }) => JSON.parse(json).event_id),
      ["k:1", "own", "k:5"],
    );
    const again = ["again 1", ...refused, "again 2", "again 3"];
    assertEquals(await send("k", lines), again);
    const other = ["offset 4", ...refused, "again 2", "offset 5"];
    assertEquals(await send("other", lines), other);
    const none = ["offset 6", ...refused, "again 2", "offset 7"];
    assertEquals(await send("", lines), none);
  });
}

for (
  const [who, key, status] of [
    ["an API key", () => testApiKey, 200],
    ["a JWT with publish", () => scoped("publish"), 200],
    ["a JWT with admin", () => scoped("admin"), 200],
    ["a JWT with another scope", () => scoped("read"), 403],
    ["no key", () => "", 401],
    ["a wrong key", () => "wrong", 401],
  ] as const
) {
  Deno.test(`POST /api/events answers ${status} to ${who}`, async () => {
    const { call, services } = await makeApi();
    const body = '{"connection_id":"a"}';
    const answer = await call(path, { body, key: await key() });
    assertEquals(answer.status, status);
    const { offset } = await services.store.read("a");
    assertEquals(offset, status === 200 ? 1 : 0);
  });
}

const down = new StoreUnavailableError("the disk is full");

Deno.test("POST /api/events answers 503 to all lines of a failed batch", async () => {
  const { call } = await makeApi({}, ({ store }) => ({
    store: { ...store, publishAll: () => Promise.reject(down) },
  }));
  const lines = ['{"connection_id":"a"}', "{", '{"connection_id":"b"}'];
  const { text } = await call(path, { body: lines.join("\n") });
  assertEquals(resultsOf(text).map(short), [
    "503 store_unavailable",
    "400 bad_json",
    "503 store_unavailable",
  ]);
});

Deno.test("POST /api/events answers 503 only to the lines that the store can't store", async () => {
  const { call } = await makeApi({}, ({ store }) => ({
    store: {
      ...store,
      publishAll: (publications) =>
        Promise.allSettled(
          publications.map(({ taskId, change }) =>
            taskId === "down"
              ? Promise.reject(down)
              : store.publish(taskId, change)
          ),
        ),
    },
  }));
  const body = ["a", "down", "a"]
    .map((connection_id) => JSON.stringify({ connection_id })).join("\n");
  const { text } = await call(path, { body });
  assertEquals(resultsOf(text).map(short), [
    "offset 1",
    "503 store_unavailable",
    "offset 2",
  ]);
});
