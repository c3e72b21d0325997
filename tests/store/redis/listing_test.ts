import { assertEquals } from "@std/assert";
import { listTasks, parseListed } from "../../../src/store/redis/listing.ts";

Deno.test("parseListed() parses the reply of the list script", () => {
  assertEquals(parseListed([]), []);
  assertEquals(parseListed(["2800000000000001", "a", "3", "5"]), [
    { changedAt: 2_800_000_000_000_001, id: "a" },
    { changedAt: 3, id: "5" },
  ]);
});

Deno.test("listTasks() takes the newest tasks of all shards, and tells if more follow", async () => {
  const asked: unknown[] = [];
  const parts: Record<string, string[]> = {
    "t:{0}:": ["", "9", "a", "3", "b"],
    "t:{15}:": ["", "5", "c"],
  };
  const list = (limit: number) =>
    listTasks(
      (base, args) => {
        asked.push(args);
        return Promise.resolve(parts[base] ?? [""]);
      },
      "t:",
      { limit, statuses: ["failed"] },
    );
  const [a, b, c] = [
    { changedAt: 9, id: "a" },
    { changedAt: 3, id: "b" },
    { changedAt: 5, id: "c" },
  ];
  assertEquals(await list(2), { tasks: [a, c], hasMore: true });
  assertEquals(await list(3), { tasks: [a, c, b], hasMore: false });
  assertEquals(asked.length, 32);
  assertEquals(asked[0], ["failed", "+inf", "3"]);
});
