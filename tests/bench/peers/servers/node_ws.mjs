/** The `ws` package on Node's HTTP server. @module */
// deno-lint-ignore-file no-console
import * as contract from "./contract.mjs";
import { loadPackage, publishingServer } from "./node_http.mjs";

const { WebSocketServer } = loadPackage("ws");
const watchers = new contract.Watchers();
const server = publishingServer((id, event) => watchers.publish(id, event));
const sockets = new WebSocketServer({ server });

sockets.on("connection", (socket, request) => {
  const [pathname] = request.url.split("?");
  const tested = contract.idAfter("/ws/test/", pathname);
  if (tested) {
    socket.send(JSON.stringify(contract.bareConnected(tested)));
    socket.on("message", (data, binary) => socket.send(data, { binary }));
    return;
  }
  const id = contract.idAfter("/ws/realtime/", pathname);
  socket.send(JSON.stringify(contract.connected(id)));
  socket.send(JSON.stringify(contract.sync()));
  watchers.add(id, socket);
  socket.on("close", () => watchers.delete(id, socket));
});
server.listen(contract.port, contract.hostname, () => console.log("ready"));
