import { assertEquals } from "@std/assert";
import { invocation } from "../../src/terminal/invocation.ts";

// How the binary names itself is held against it by `serve_test.ts`.
Deno.test("invocation() runs the source by its task, on a machine with Node only", () => {
  assertEquals(
    invocation(),
    `npx -y deno@${Deno.version.deno} task start`,
  );
});
