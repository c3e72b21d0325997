/**
 * A client of the npm package `ws`, for Node: prints what happens to one
 * socket as lines of JSON, and sends what it reads, until its input ends.
 *
 * Usage: node ws_client.mjs <URL of ws> <url> <origin, or empty> [subprotocol...]
 */
import process from "node:process";
import { createInterface } from "node:readline";

const [, , ws, url, origin, ...protocols] = process.argv;
const { default: WebSocket } = await import(ws);
const socket = new WebSocket(url, protocols, origin ? { origin } : {});

function print(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

socket.on("open", () => print({ event: "open", protocol: socket.protocol }));
socket.on(
  "message",
  (bytes, isBinary) =>
    print(
      isBinary
        ? { event: "binary", bytes: [...bytes] }
        : { event: "text", text: bytes.toString() },
    ),
);
socket.on("error", ({ message }) => print({ event: "error", message }));
socket.on("close", (code) => print({ event: "close", code }));

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const { text, bytes } = JSON.parse(line);
  socket.send(text ?? Uint8Array.from(bytes));
});
input.on("close", () => socket.close());
