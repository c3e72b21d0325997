import { assertEquals } from "@std/assert";
import { parseAnswer, parseAsked } from "../../src/cluster/node_messages.ts";

const name = { id: "1", from: "b" };
const position = { serial: 17, id: "c" };

for (
  const question of [
    { kind: "disconnect", id: "c" },
    { kind: "connections", limit: 10 },
    { kind: "stats", since: 0 },
    {
      kind: "connections",
      limit: 10,
      after: position,
      taskId: "a",
      userId: "42",
    },
  ]
) {
  const text = JSON.stringify({ ...name, question });
  Deno.test(`parseAsked() reads ${text}`, () => {
    assertEquals(parseAsked(text), { ...name, question } as unknown);
  });
}

for (
  const text of [
    "",
    "null",
    "17",
    JSON.stringify(name),
    JSON.stringify({ ...name, question: null }),
    JSON.stringify({ ...name, question: { kind: "later" } }),
    JSON.stringify({ ...name, question: { kind: "metrics" } }),
    JSON.stringify({ ...name, question: { kind: "stats", since: -1 } }),
    JSON.stringify({ ...name, question: { kind: "disconnect", id: 1 } }),
    JSON.stringify({ ...name, question: { kind: "connections", limit: -1 } }),
    JSON.stringify({
      ...name,
      question: { kind: "connections", limit: 1, after: { serial: 1 } },
    }),
    JSON.stringify({
      ...name,
      question: { kind: "connections", limit: 1, userId: 42 },
    }),
    JSON.stringify({
      ...name,
      question: { kind: "connections", limit: 1, taskId: null },
    }),
    JSON.stringify({ from: "b", question: { kind: "disconnect", id: "c" } }),
  ]
) {
  Deno.test(`parseAsked() does not understand ${text || "nothing"}`, () => {
    assertEquals(parseAsked(text), undefined);
  });
}

const history = {
  from: 1_700_000_000,
  published: [0, 2],
  delivered: [0, 4],
  connections: [1, 1],
  p50Ms: [null, 3],
  p99Ms: [null, 5],
};
const stats = {
  kind: "stats",
  startedAtMs: 1_700_000_000_000,
  connections: 1,
  totals: { published: 2, delivered: 4 },
  history,
};

for (
  const answer of [
    { kind: "disconnect", isFound: false },
    stats,
    { kind: "connections", total: 0, connections: [], isCut: false },
    {
      kind: "connections",
      total: 2,
      connections: [{ ...position, json: "{}" }],
      isCut: true,
    },
  ]
) {
  const text = JSON.stringify({ ...name, answer });
  Deno.test(`parseAnswer() reads ${text}`, () => {
    assertEquals(parseAnswer(text), { ...name, answer } as unknown);
  });
}

const page = { kind: "connections", total: 0, connections: [], isCut: false };

for (
  const answer of [
    undefined,
    [],
    { kind: "later" },
    { kind: "disconnect" },
    { ...page, total: "0" },
    { ...page, isCut: 0 },
    { ...page, isCut: true }, // and so without an end
    { ...page, connections: [{ ...position, json: {} }] },
    { ...page, connections: [{ id: "c", json: "{}" }] },
    { ...page, connections: [null] },
    { kind: "metrics", worker: 2, text: "" },
    { ...stats, startedAtMs: null },
    { ...stats, connections: -1 },
    { ...stats, totals: { published: 2 } },
    { ...stats, totals: null },
    { ...stats, history: null },
    { ...stats, history: { ...history, from: 0.5 } },
    { ...stats, history: { ...history, published: {} } },
    { ...stats, history: { ...history, delivered: [0] } },
    { ...stats, history: { ...history, p50Ms: [null, 3, 3] } },
    { ...stats, history: { ...history, connections: [1, null] } },
    { ...stats, history: { ...history, p99Ms: [null, "5"] } },
  ]
) {
  const text = JSON.stringify({ ...name, answer });
  Deno.test(`parseAnswer() does not understand ${text}`, () => {
    assertEquals(parseAnswer(text), undefined);
  });
}

Deno.test("parseAsked() ignores members of a newer version", () => {
  const question = { kind: "stats", since: 0 };
  const text = JSON.stringify({
    ...name,
    question: { ...question, until: 9 },
    later: {},
  });
  assertEquals(parseAsked(text), { ...name, question } as unknown);
});

Deno.test("parseAnswer() ignores members of a newer version", () => {
  const text = JSON.stringify({
    ...name,
    answer: { ...stats, history: { ...history, p90Ms: 1 } },
    later: {},
  });
  assertEquals(parseAnswer(text), { ...name, answer: stats } as unknown);
});
