import { assertEquals, assertNotEquals } from "@std/assert";
import { prelude, script } from "../../src/redis/script.ts";
import { needs } from "../support/needs.ts";
import { shareRedis } from "../support/shared_redis.ts";

const test = needs("redis-server");

const { server } = await shareRedis();

/** Runs a script of a shard, without any other script. */
async function run(
  text: string,
  { run = "one", fresh = "fresh", base = "{1}:" } = {},
) {
  const { text: whole } = script(prelude, text);
  const keys = Array.from({ length: 9 }, (_, index) => `${base}${index}`);
  return await server.command("EVAL", whole, "9", ...keys, base, fresh, run);
}

test("script() names a text as Redis does", async () => {
  const { text, sha } = script("local one = 1", "return one");
  assertEquals(text, "local one = 1\nreturn one");
  assertEquals(await server.command("SCRIPT", "LOAD", text), sha);
  assertNotEquals(script("return 1").sha, script("return 2").sha);
});

test("prelude keeps the epoch of new histories while Redis loses nothing", async () => {
  const epochIn = (run_: string, fresh: string) =>
    run("return newEpoch()", { run: run_, fresh, base: "{2}:" });
  assertEquals(await epochIn("one", "a"), "a");
  assertEquals(await epochIn("one", "b"), "a");
  assertEquals(await epochIn("one+", "b"), "a");
  assertEquals(await epochIn("two", "c"), "c");
  assertEquals(await epochIn("two+", "d"), "c");
  // Only data of a lossless run.
  assertEquals(await epochIn("three+", "e"), "e");
  assertEquals(await epochIn("four+", "f"), "e");
  assertEquals(await epochIn("four", "g"), "g");
});

test("prelude finds the run if not given", async () => {
  const info = String(await server.command("INFO", "server"));
  assertEquals(
    await run("return run", { run: "?" }),
    /run_id:(\w+)/.exec(info)?.[1],
  );
});

test("prelude formats whole numbers, and reads the clock", async () => {
  assertEquals(await run("return whole(2^52 + 1)"), "4503599627370497");
  const before = Date.now();
  const [ms, tick] = await run(
    "local ms, tick = clock() return { whole(ms), whole(tick) }",
  ) as string[];
  assertEquals(Number(ms) >= before && Number(ms) <= Date.now(), true);
  assertEquals(Math.floor(Number(tick) / 100), Number(ms));
});
