import { assertEquals } from "@std/assert";
import { openSocket } from "../../src/client/socket.ts";
import { FakeSockets } from "../support/fake_sockets.ts";

function open(token?: string) {
  const sockets = new FakeSockets();
  const seen: unknown[] = [];
  const carrier = openSocket(sockets.WebSocket, new URL("ws://h"), token, {
    onFrame: (frame) => seen.push(frame),
    onLife: () => {},
    onEnd(code) {
      seen.push(code);
      carrier.close();
    },
  });
  return { carrier, socket: sockets.last(1), seen };
}

Deno.test("openSocket() offers a token as a subprotocol, or no subprotocol", () => {
  assertEquals(open("x").socket.protocols, ["bearer", "x"]);
  assertEquals(open().socket.protocols, []);
});

Deno.test("openSocket() passes frames both ways, and the end once", () => {
  const { carrier, socket, seen } = open();
  carrier.send?.({ type: "ping" });
  assertEquals(socket.sent, [{ type: "ping" }]);
  socket.receive({ type: "pong" });
  socket.end(1012);
  assertEquals(seen, [{ type: "pong" }, 1012]);
  assertEquals(socket.onclose, null);
});

Deno.test("openSocket() ignores a closed socket", () => {
  const { carrier, socket } = open();
  carrier.close();
  assertEquals(socket.isClosed, true);
  assertEquals([socket.onmessage, socket.onclose], [null, null]);
});

Deno.test("openSocket() calls a lost connection 1006, as browsers do", () => {
  for (const code of [0, 1006]) {
    const { socket, seen } = open();
    socket.end(code);
    assertEquals(seen, [1006]);
  }
});

Deno.test("openSocket() ends on an error before the first frame, but not on a later error", () => {
  for (const frames of [[], [{ type: "pong" }]]) {
    const { socket, seen } = open();
    socket.receive(...frames);
    if (typeof socket.onerror === "function") socket.onerror();
    assertEquals(socket.isClosed, frames.length === 0);
    assertEquals(seen, frames.length === 0 ? [1006] : frames);
  }
});
