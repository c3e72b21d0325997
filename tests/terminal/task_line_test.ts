import { assertEquals, assertMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { renderTask } from "../../src/terminal/task_line.ts";

const dots = "·".repeat(24);

Deno.test("renderTask() says that a task waits for its first event", () => {
  assertEquals(renderTask("t", undefined), "t  waiting for its first event");
});

Deno.test("renderTask() draws progress from unknown to complete", () => {
  const cases = [
    [undefined, `[${dots}]    `],
    [0, `[${dots}]   0%`],
    [0.42, `[${"█".repeat(10)}${"·".repeat(14)}]  42%`],
    // rounded down: only a completed task shows a full bar
    [0.999, `[${"█".repeat(23)}·]  99%`],
    [1, `[${"█".repeat(24)}] 100%`],
  ] as const;
  for (const [progress, bar] of cases) {
    const task = {
      status: "running",
      ...(progress === undefined ? {} : { progress }),
    };
    assertEquals(renderTask("t", task), `t  ${bar}  running`);
  }
});

Deno.test("renderTask() shows each per cent, and 100 only at the end", () => {
  const percentOf = (progress: number) =>
    / (\d+)%/.exec(renderTask("t", { status: "running", progress }))?.[1];
  for (let current = 0; current <= 100; current++) {
    assertEquals(percentOf(current / 100), String(current));
  }
  for (const almost of [0.995, 0.999999, 1 - 1e-12]) {
    assertEquals(percentOf(almost), "99");
  }
});

Deno.test("renderTask() fills the bar of a succeeded task only", () => {
  const full = `[${"█".repeat(24)}] 100%`;
  const half = `[${"█".repeat(12)}${"·".repeat(12)}]  50%`;
  for (
    const [status, bar] of [
      ["succeeded", full],
      ["failed", half],
      ["canceled", half],
      ["lost", half],
    ] as const
  ) {
    assertEquals(
      renderTask("t", { status, progress: 0.5 }),
      `t  ${bar}  ${status}`,
    );
  }
});

Deno.test("renderTask() draws a bar for any number", () => {
  for (const progress of [-1, -1e308, 2, 1e308]) {
    const line = renderTask("t", { status: "running", progress });
    assertMatch(line, /^t {2}\[[█·]{24}\] +(0|100)% {2}running$/);
  }
});

Deno.test("renderTask() shows the time left", () => {
  using _time = new FakeTime(0);
  const cases = [
    [-5, "0 s left"],
    [12, "12 s left"],
    [59.4, "59 s left"],
    [90, "2 min left"],
    [3_599, "1 h 0 min left"],
    [7_500, "2 h 5 min left"],
    [86_400 * 3, "3 days left"],
  ] as const;
  for (const [seconds, text] of cases) {
    const eta = new Date(seconds * 1_000).toISOString();
    const line = renderTask("t", { status: "running", eta });
    assertEquals(line, `t  [${dots}]      running  ${text}`);
  }
});

Deno.test("renderTask() shows amounts, attempt and message", () => {
  const bar = `[${dots}]    `;
  const cases = [
    [{ current: 42 }, "42"],
    [{ current: 42, unit: "rows" }, "42 rows"],
    [{ current: 0, total: 100 }, "0/100"],
    [{ current: 42, total: 100, unit: "rows" }, "42/100 rows"],
    [{ total: 100 }, undefined],
    [{ attempt: 2 }, "attempt 2"],
    [{ attempt: 1 }, undefined],
    [{ message: "transcoding" }, "transcoding"],
    [{ rate: 3.14159, unit: "rows" }, "3.14 rows/s"],
    [{ rate: 1234567 }, "1230000 /s"],
    [{ current: 1, attempt: 3, message: "m" }, "attempt 3  1  m"],
  ] as const;
  for (const [members, expected] of cases) {
    assertEquals(
      renderTask("t", { status: "running", ...members }),
      `t  ${bar}  running${expected === undefined ? "" : `  ${expected}`}`,
    );
  }
});

Deno.test("renderTask() replaces control characters of ids and messages", () => {
  const line = renderTask("a\x1b[2Jb", {
    status: "running",
    message: "one\r\ntwo\x9b3A\x00",
  });
  assertEquals(line, `a�[2Jb  [${dots}]      running  one��two�3A�`);
});
