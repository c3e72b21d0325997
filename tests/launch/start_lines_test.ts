import { assert, assertEquals } from "@std/assert";
import { describeStart } from "../../src/launch/start_lines.ts";
import { testConfig } from "../support/server.ts";

function describe(
  workers: number,
  store = "memory:",
  hasHints = false,
): readonly string[] {
  return describeStart({
    url: new URL("http://127.0.0.1:8000"),
    keyed: { config: testConfig({ store }) },
    jwtAlgorithms: ["HS256"],
    routes: ["✅ WebSocket routes: 0"],
    workers,
  }, hasHints);
}

Deno.test("describeStart() counts the workers if there are several", () => {
  assert(describe(2).includes("   workers: 2"));
  assertEquals(describe(2).filter((line) => !describe(1).includes(line)), [
    "   workers: 2",
  ]);
});

Deno.test("describeStart() shows address and routes, but no password", () => {
  const lines = describe(1, "redis://user:secret@host");
  assertEquals(lines[0]?.endsWith(" listens on http://127.0.0.1:8000"), true);
  assert(lines.includes("✅ WebSocket routes: 0"));
  assert(!lines.join("\n").includes("secret@"), lines.join("\n"));
});

Deno.test("describeStart() gives commands to paste only if hints are wanted", () => {
  const isHint = (line: string) =>
    /^ +(?:open|watch|publish|check) |Watch a task|Ctrl-C/.test(line);
  assertEquals(describe(1).filter(isHint), []);
  assertEquals(describe(1, "memory:", true).filter(isHint).length, 6);
});
