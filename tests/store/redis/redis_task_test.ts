import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  listOf,
  nameTask,
  parseState,
  parseView,
  readArgs,
} from "../../../src/store/redis/redis_task.ts";

Deno.test("nameTask() returns the keys and arguments of a task and its shard", () => {
  const { keys, args, channel, base } = nameTask("app:", 2, "run", "a");
  assert(keys.every((key) => key.startsWith(base)));
  assertEquals(keys.length, 12);
  assertEquals(keys.slice(9), [`${base}s:a`, `${base}h:a`, `${base}n:a`]);
  assertEquals(channel, `${base}t2:a`);
  assertEquals([args[0], ...args.slice(2)], [base, "run", "a"]);
  // A new epoch, if needed.
  assert(args[1] !== nameTask("app:", 2, "run", "a").args[1]);
});

Deno.test("parseState() takes the epoch stored beside the state", () => {
  const json = '{"snapshot":{"epoch":"old","offset":3},"owner":"7"}';
  assertEquals(JSON.stringify(parseState(json, "old")), json);
  const { snapshot, owner } = parseState(json, "new");
  assertEquals([snapshot.epoch, snapshot.offset, owner], ["new", 3, "7"]);
});

Deno.test("readArgs() selects the events to read", () => {
  const position = { epoch: "one", offset: 5 };
  for (
    const [since, limit, enough, expected] of [
      [undefined, Infinity, Infinity, ["none", "", "0", "-1", "9", "262144"]],
      ["oldest", 2, 65_536, ["oldest", "", "0", "2", "9", "65536"]],
      [position, 0, 999_999, ["after", "one", "5", "0", "9", "262144"]],
    ] as const
  ) {
    assertEquals(readArgs(since, limit, enough, 9), [...expected]);
  }
});

Deno.test("parseView() parses the reply of the read script", () => {
  const unknown = { epoch: "one", offset: 0, state: undefined, events: [] };
  for (
    const [recovered, found] of [[0, false], [1, true]] as const
  ) {
    assertEquals(parseView(["one", "0", null, 2, recovered]), {
      ...unknown,
      recovered: found,
      watchers: 2,
    });
  }
  const view = parseView([
    ...["one", "2", '{"snapshot":{"epoch":"one","offset":2}}', 0, 1],
    ...["1", "{}", "2", '{"a":1}'],
  ]);
  assertEquals([view.offset, view.state?.snapshot.offset], [2, 2]);
  assertEquals(view.events, [
    { offset: 1, json: "{}" },
    { offset: 2, json: '{"a":1}' },
  ]);
});

Deno.test("listOf() throws if a reply is no list", () => {
  for (const answer of [null, "OK", 1, {}]) {
    assertThrows(() => listOf(answer), TypeError);
  }
});
