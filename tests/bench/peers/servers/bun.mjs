/** Bun's server and sockets. @module */
// deno-lint-ignore-file no-console
import * as contract from "./contract.mjs";

const watchers = new contract.Watchers();

Bun.serve({
  hostname: contract.hostname,
  port: contract.port,
  async fetch(request, server) {
    const { pathname } = new URL(request.url);
    const watched = contract.idAfter("/ws/realtime/", pathname);
    const id = watched ?? contract.idAfter("/ws/test/", pathname);
    if (id) {
      server.upgrade(request, { data: { id, watches: watched !== undefined } });
      return;
    }
    const published = contract.publishedId(pathname);
    if (published) {
      return Response.json(
        watchers.publish(published, await request.json()),
        { status: 201 },
      );
    }
    return new Response(contract.publishLines(
      await request.text(),
      (id, event) => watchers.publish(id, event),
    ));
  },
  websocket: {
    open(socket) {
      const { id, watches } = socket.data;
      if (!watches) {
        socket.send(JSON.stringify(contract.bareConnected(id)));
        return;
      }
      socket.send(JSON.stringify(contract.connected(id)));
      socket.send(JSON.stringify(contract.sync()));
      watchers.add(id, socket);
    },
    message: (socket, data) => void socket.send(data),
    close(socket) {
      if (socket.data.watches) watchers.delete(socket.data.id, socket);
    },
  },
});
console.log("ready");
