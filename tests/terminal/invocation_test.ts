import { assertEquals } from "@std/assert";
import { invocation } from "../../src/terminal/invocation.ts";

// `serve_test.ts` checks the invocation of the binary.
Deno.test("invocation() runs the source by `deno task start` through npx", () => {
  assertEquals(
    invocation(),
    `npx -y deno@${Deno.version.deno} task start`,
  );
});
