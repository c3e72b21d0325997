import { assertEquals, assertThrows } from "@std/assert";
import { CommandFailure } from "../../src/terminal/failure.ts";
import { explainListening } from "../../src/launch/listen.ts";

Deno.test("explainListening() reports a port that is in use", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assertThrows(
    () =>
      explainListening(
        "127.0.0.1",
        port,
        () => Deno.listen({ hostname: "127.0.0.1", port }),
      ),
    CommandFailure,
    `127.0.0.1:${port} is already in use`,
  );
});

Deno.test("explainListening() returns the listener, and rethrows unknown errors", () => {
  assertEquals(explainListening("::1", 1, () => "listens"), "listens");
  assertThrows(
    () =>
      explainListening("::1", 1, () => {
        throw new TypeError("a fault of ours");
      }),
    TypeError,
    "a fault of ours",
  );
});
