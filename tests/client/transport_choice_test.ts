import { assertEquals } from "@std/assert";
import {
  nextTransport,
  type TransportChoice,
} from "../../src/client/transport_choice.ts";

Deno.test("nextTransport() tries WebSocket twice, then a stream, repeatedly", () => {
  const choice: TransportChoice = { current: "auto", attempts: 0 };
  const tried = [];
  for (; choice.attempts < 6; choice.attempts++) {
    tried.push(nextTransport(choice));
  }
  const round = ["websocket", "websocket", "sse"];
  assertEquals(tried, [...round, ...round]);
});

for (const current of ["websocket", "sse"] as const) {
  Deno.test(`nextTransport() tries only ${current} if chosen`, () => {
    for (let attempts = 0; attempts < 6; attempts++) {
      assertEquals(nextTransport({ current, attempts }), current);
    }
  });
}
