/**
 * Socket.IO on Node, over WebSocket alone: rooms and `emit` as its users write
 * them. The route and the id are in the query, which is where it takes them.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import * as contract from "./contract.mjs";
import { loadPackage, publishingServer } from "./node_http.mjs";

const { Server } = loadPackage("socket.io");
const server = publishingServer((id, event) => {
  const frame = contract.task(id, event);
  io.to(id).emit("task", frame);
  const watching = io.sockets.adapter.rooms.get(id)?.size ?? 0;
  return contract.answer(frame, watching);
});
const io = new Server(server, {
  transports: ["websocket"],
  serveClient: false,
});

io.on("connection", (socket) => {
  const { route, id } = socket.handshake.query;
  if (route === "test") {
    socket.emit("connected", contract.bareConnected(id));
    socket.on("message", (text) => socket.emit("message", text));
    return;
  }
  socket.emit("connected", contract.connected(id));
  socket.emit("sync", contract.sync());
  socket.join(id);
});
server.listen(contract.port, contract.hostname, () => console.log("ready"));
