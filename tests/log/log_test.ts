import { assertEquals, assertStringIncludes } from "@std/assert";
import { stub } from "@std/testing/mock";
import { resetSync } from "@logtape/logtape";
import {
  configureLog,
  log,
  type LogLevel,
  logLevels,
} from "../../src/log/log.ts";

/** Returns the text that `write` leaves on a standard error of limited size. */
function capture(write: () => void, maxBytes = Infinity): string {
  const decoder = new TextDecoder();
  let written = "";
  using _stderr = stub(Deno.stderr, "writeSync", (bytes: Uint8Array) => {
    const taken = bytes.subarray(0, maxBytes);
    written += decoder.decode(taken, { stream: true });
    return taken.length;
  });
  try {
    write();
  } finally {
    resetSync();
  }
  return written;
}

function logAtEveryLevel(): void {
  for (const level of logLevels) log[level](`a line of ${level}`);
}

for (const isTerminal of [true, false]) {
  for (const [index, level] of logLevels.entries()) {
    const kind = isTerminal ? "a terminal" : "a file";
    Deno.test(`configureLog() writes from ${level} up to ${kind}`, () => {
      const lines = capture(() => {
        configureLog(level, isTerminal);
        logAtEveryLevel();
      }).trimEnd().split("\n");
      assertEquals(
        lines.map((line) => /a line of (\w+)/.exec(line)?.[1] as LogLevel),
        logLevels.slice(index),
      );
    });
  }
}

Deno.test("configureLog() writes a JSON object a line unless a person reads", () => {
  const text = capture(() => {
    configureLog("info", false);
    log.warn("The {route} failed: {reason}", {
      route: "test",
      reason: "two\nlines",
      connection: 7,
    });
    log.error("It broke: {error}", { error: new TypeError("boom") });
  });
  const lines = text.split("\n");
  assertEquals(lines.pop(), "");
  const [warning, error, ...rest] = lines.map((line) => JSON.parse(line));
  assertEquals(rest, []);
  assertEquals([warning.level, error.level], ["WARN", "ERROR"]);
  assertEquals(warning.properties, {
    route: "test",
    reason: "two\nlines",
    connection: 7,
  });
  assertStringIncludes(JSON.stringify(error), "boom");
});

const cyclic = new Error("outer");
cyclic.cause = new RangeError("inner", { cause: cyclic });

for (
  const [kind, error, ...reasons] of [
    ["an error", new TypeError("boom"), "TypeError: boom"],
    ["an error without a message", new RangeError(), "RangeError"],
    [
      "a DOMException",
      new DOMException("too slow", "TimeoutError"),
      "TimeoutError: too slow",
    ],
    [
      "a cause",
      new Error("no store", { cause: new Error("disk full") }),
      "Error: no store",
      "Error: disk full",
    ],
    [
      "several errors",
      new AggregateError([new Error("one"), "two"], "none left"),
      "AggregateError: none left",
      "Error: one",
      "two",
    ],
    ["a cause that leads back", cyclic, "Error: outer", "RangeError: inner"],
    ["a text", "out of words", "out of words"],
  ] as const
) {
  for (const isTerminal of [true, false]) {
    const form = isTerminal ? "as text" : "as JSON";
    Deno.test(`configureLog() shows ${kind} in the message ${form}`, () => {
      const line = capture(() => {
        configureLog("info", isTerminal);
        log.error("{store} takes no writes: {error}", { store: 7, error });
      });
      const message = isTerminal ? line : JSON.parse(line).message;
      assertStringIncludes(message, "7 takes no writes: ");
      for (const reason of reasons) assertStringIncludes(message, reason);
    });
  }
}

Deno.test("configureLog() writes a whole line to a pipe that takes it in parts", () => {
  const text = capture(() => {
    configureLog("info", false);
    log.info("连接成功 ".repeat(100));
  }, 7);
  assertStringIncludes(text, "连接成功 ".repeat(100));
});

Deno.test("configureLog() replaces what was configured before", () => {
  const text = capture(() => {
    configureLog("debug", true);
    configureLog("error", false);
    logAtEveryLevel();
  });
  assertEquals(
    text.trimEnd().split("\n").map((line) => JSON.parse(line).level),
    [
      "ERROR",
    ],
  );
});

Deno.test("log is silent until it is configured", () => {
  assertEquals(capture(logAtEveryLevel), "");
});

Deno.test("configureLog() names the worker in each JSON line", () => {
  const line = capture(() => {
    configureLog("info", false, 2);
    log.info("{count} sockets", { count: 7 });
  });
  assertEquals(JSON.parse(line).properties, { worker: 2, count: 7 });
});
