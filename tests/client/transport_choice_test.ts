import { assertEquals } from "@std/assert";
import { TransportChoice } from "../../src/client/transport_choice.ts";

Deno.test("TransportChoice.next() tries WebSocket twice, then a stream, repeatedly", () => {
  const choice = new TransportChoice("auto");
  const tried = Array.from({ length: 6 }, () => {
    choice.next(); // an attempt without a connection
    const transport = choice.next();
    choice.tried();
    return transport;
  });
  const round = ["websocket", "websocket", "sse"] as const;
  assertEquals(tried, [...round, ...round]);
});

for (const transport of ["websocket", "sse"] as const) {
  Deno.test(`TransportChoice.settle() stays with ${transport}`, () => {
    const choice = new TransportChoice("auto");
    choice.settle(transport);
    assertEquals(choice.isStream, transport === "sse");
    for (let attempt = 0; attempt < 6; attempt++) {
      assertEquals(choice.next(), transport);
    }
  });

  Deno.test(`TransportChoice.next() tries only ${transport} if chosen`, () => {
    const choice = new TransportChoice(transport);
    for (let attempt = 0; attempt < 6; attempt++) {
      assertEquals(choice.next(), transport);
    }
  });
}
