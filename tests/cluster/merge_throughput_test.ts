import { assertEquals } from "@std/assert";
import { mergeStats } from "../../src/cluster/merge_throughput.ts";
import type { NodeStats } from "../../src/cluster/other_nodes.ts";

/** A node with a published event and two deliveries in every second given. */
function nodeOf(
  from: number,
  count: number,
  { p50Ms = 1 as number | null, p99Ms = 2 as number | null } = {},
): NodeStats {
  const list = <Figure>(figure: Figure) => Array<Figure>(count).fill(figure);
  return {
    startedAtMs: from * 1_000,
    connections: 3,
    totals: { published: count, delivered: 2 * count },
    history: {
      from,
      published: list(1),
      delivered: list(2),
      connections: list(3),
      p50Ms: list(p50Ms),
      p99Ms: list(p99Ms),
    },
  };
}

Deno.test("mergeStats() leaves the figures of a single node unchanged", () => {
  const own = nodeOf(100, 5);
  assertEquals(mergeStats(own, [], 0), own);
});

Deno.test("mergeStats() sums by second, and takes the delays of the slowest", () => {
  const merged = mergeStats(
    nodeOf(100, 4, { p50Ms: 5 }),
    [nodeOf(102, 2, { p50Ms: 7, p99Ms: 1 }), nodeOf(101, 3, { p50Ms: null })],
    0,
  );
  assertEquals(merged, {
    startedAtMs: 100_000,
    connections: 9,
    totals: { published: 9, delivered: 18 },
    history: {
      from: 100,
      published: [1, 2, 3, 3],
      delivered: [2, 4, 6, 6],
      connections: [3, 6, 9, 9],
      p50Ms: [5, 5, 7, 7],
      p99Ms: [2, 2, 2, 2],
    },
  });
});

Deno.test("mergeStats() has no delay for a second without events anywhere", () => {
  const idle = nodeOf(100, 1, { p50Ms: null, p99Ms: null });
  const { history } = mergeStats(idle, [idle], 0);
  assertEquals([history.p50Ms, history.p99Ms], [[null], [null]]);
});

for (
  const [what, own, other, from, published] of [
    ["began later", [100, 3], [102, 1], 100, [1, 1, 2]],
    ["has not finished the last second", [100, 3], [100, 2], 100, [2, 2]],
    ["is ahead of the one asked", [100, 2], [100, 3], 100, [2, 2]],
    [
      "has an earlier second no more",
      [100, 600],
      [101, 600],
      101,
      Array(599).fill(2),
    ],
    ["has a clock that is far behind", [100, 3], [40, 3], 100, [1, 1, 1]],
    ["has a clock that is far ahead", [100, 3], [101, 60], 100, [1, 2, 2]],
    ["has nothing yet", [100, 2], [102, 0], 100, [1, 1]],
  ] as const
) {
  Deno.test(`mergeStats() aligns with a node that ${what}`, () => {
    const { history } = mergeStats(nodeOf(own[0], own[1]), [
      nodeOf(other[0], other[1]),
    ], 0);
    assertEquals([history.from, history.published], [from, published]);
  });
}

Deno.test("mergeStats() continues after the last second, and has each second once", () => {
  // The other node's clock is a second behind, and the poller asks for new
  // seconds.
  const own = nodeOf(110, 5);
  const first = mergeStats(own, [nodeOf(110, 4)], 110).history;
  assertEquals([first.from, first.published], [110, [2, 2, 2, 2]]);
  const nothing = mergeStats(nodeOf(114, 1), [nodeOf(114, 0)], 114).history;
  assertEquals([nothing.from, nothing.published], [114, []]);
  const behind = mergeStats(nodeOf(114, 1), [nodeOf(113, 0)], 114).history;
  assertEquals([behind.from, behind.published], [114, []]);
  const next = mergeStats(nodeOf(114, 2), [nodeOf(114, 1)], 114).history;
  assertEquals([next.from, next.published], [114, [2]]);
});
