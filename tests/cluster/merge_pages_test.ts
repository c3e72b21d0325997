import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { comparePositions } from "../../src/cluster/connection_position.ts";
import { mergePages } from "../../src/cluster/merge_pages.ts";
import type {
  ConnectionsAnswer,
  ListedConnection,
} from "../../src/cluster/other_nodes.ts";

function listed(serial: number, id = "a"): ListedConnection {
  return { serial, id, json: `${serial}` };
}

function pageOf(serials: readonly number[], isCut = false): ConnectionsAnswer {
  return {
    kind: "connections",
    total: 10,
    connections: serials.map((serial) => listed(serial)),
    isCut,
  };
}

function merged(pages: readonly ConnectionsAnswer[], limit: number) {
  const { connections, cursor, total } = mergePages(pages, limit);
  return [connections.map(({ serial }) => serial), cursor?.serial, total];
}

Deno.test("mergePages() puts the connections of all nodes in order", () => {
  assertEquals(
    merged([pageOf([1, 4]), pageOf([]), pageOf([2, 3])], 9),
    [[1, 2, 3, 4], undefined, 30],
  );
});

Deno.test("mergePages() ends at the limit, with a cursor if more follows", () => {
  assertEquals(merged([pageOf([1, 3]), pageOf([2])], 2), [[1, 2], 2, 20]);
  assertEquals(merged([pageOf([1]), pageOf([2])], 2), [[1, 2], undefined, 20]);
  assertEquals(merged([pageOf([1, 2], true)], 2), [[1, 2], 2, 10]);
});

Deno.test("mergePages() ends at the end of an incomplete page", () => {
  assertEquals(
    merged([pageOf([1, 3], true), pageOf([2, 4, 5])], 9),
    [[1, 2, 3], 3, 20],
  );
});

Deno.test("mergePages() is empty if no node has connections", () => {
  assertEquals(merged([pageOf([]), pageOf([])], 9), [[], undefined, 20]);
});

Deno.test("mergePages() lists each connection once and in order, page by page, however the nodes cut theirs", () => {
  const node = fc.record({
    // A small id space, so that nodes open connections at the same time.
    serials: fc.uniqueArray(fc.nat(30), { maxLength: 20 }),
    mostAtOnce: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(fc.property(
    fc.array(node, { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 1, max: 9 }),
    (nodes, limit) => {
      const lists = nodes.map(({ serials }, index) =>
        serials.sort((a, b) => a - b).map((serial) =>
          listed(serial, `${index}`)
        )
      );
      const seen: ListedConnection[] = [];
      let cursor: ListedConnection | undefined;
      do {
        const pages = lists.map((list, index): ConnectionsAnswer => {
          const rest = list.filter((one) =>
            !cursor || comparePositions(one, cursor) > 0
          );
          const most = Math.min(limit, nodes[index]?.mostAtOnce ?? 1);
          return {
            kind: "connections",
            total: list.length,
            connections: rest.slice(0, most),
            isCut: rest.length > most,
          };
        });
        const page = mergePages(pages, limit);
        seen.push(...page.connections);
        cursor = page.cursor && { ...page.cursor, json: "" };
      } while (cursor);
      assertEquals(seen, lists.flat().sort(comparePositions));
    },
  ));
});
