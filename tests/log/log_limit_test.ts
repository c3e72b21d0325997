import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "../support/fake_time.ts";
import { log, type LogLevel } from "../../src/log/log.ts";
import { type CapturedLog, captureLog } from "../support/captured_log.ts";

/** The messages logged, those that repeat each other counted. */
function counted({ text }: CapturedLog): [message: string, count: number][] {
  const counts = new Map<string, number>();
  for (const line of text.trimEnd().split("\n").filter((line) => line)) {
    const { message } = JSON.parse(line);
    counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return [...counts];
}

function logMany(level: LogLevel, kind: string, count: number): void {
  for (let done = 0; done < count; done += 1) log[level](kind, { done });
}

for (const level of ["info", "warn", "error"] as const) {
  Deno.test(`limitLines() passes 60 ${level} lines of a kind in a minute, then says how many it left out`, () => {
    using time = new FakeTime();
    using captured = captureLog();
    logMany(level, "attack", 1_000);
    logMany(level, "other", 1);
    assertEquals(counted(captured), [["attack", 60], ["other", 1]]);
    time.tick(60_000);
    assertEquals(counted(captured), [
      ["attack", 60],
      ["other", 1],
      ['Suppressed 940 more lines like: "attack"', 1],
    ]);
    logMany(level, "attack", 1);
    assertEquals(counted(captured)[0], ["attack", 61]);
    const last = captured.text.trimEnd().split("\n").at(-2) ?? "";
    const { level: loggedLevel, properties } = JSON.parse(last);
    assertEquals(loggedLevel.toLowerCase(), level);
    assertEquals(properties, { suppressed: 940, kind: "attack" });
  });
}

Deno.test("limitLines() knows a kind by its template, whatever its properties", () => {
  using _ = new FakeTime();
  using captured = captureLog();
  for (let port = 0; port < 100; port += 1) log.info("From {port}", { port });
  assertEquals(counted(captured).length, 60);
});

Deno.test("limitLines() says nothing of a minute in which all lines passed", () => {
  using time = new FakeTime();
  using captured = captureLog();
  for (let minute = 1; minute <= 3; minute += 1) {
    logMany("info", "usual", 60);
    time.tick(60_000);
  }
  assertEquals(counted(captured), [["usual", 180]]);
});

Deno.test("limitLines() passes every debug line", () => {
  using _ = new FakeTime();
  using captured = captureLog();
  logMany("debug", "detail", 1_000);
  assertEquals(counted(captured), [["detail", 1_000]]);
});

Deno.test("limitLines() remembers a bounded number of kinds", () => {
  using _ = new FakeTime();
  using captured = captureLog();
  for (let kind = 0; kind < 5_000; kind += 1) logMany("info", `${kind}`, 1);
  assertEquals(counted(captured).length, 1_060);
});

Deno.test("limitLines() says at its end what it left out", () => {
  using _ = new FakeTime();
  const captured = captureLog();
  logMany("info", "attack", 61);
  captured[Symbol.dispose]();
  assertEquals(counted(captured), [
    ["attack", 60],
    ['Suppressed 1 more lines like: "attack"', 1],
  ]);
});

Deno.test("limitLines() begins a minute on time, whatever becomes of the wall clock", () => {
  using captured = captureLog();
  using time = new FakeTime();
  {
    const now = Date.now();
    using _ = stub(Date, "now", () => now + 86_400_000);
    logMany("info", "attack", 60);
  }
  time.tick(60_000);
  logMany("info", "attack", 60);
  assertEquals(counted(captured), [["attack", 120]]);
});
