/** Deno's own server and sockets, routed by hand. @module */
// deno-lint-ignore-file no-console
import * as contract from "./contract.mjs";

const watchers = new contract.Watchers();

async function publish(request, id) {
  return Response.json(watchers.publish(id, await request.json()), {
    status: 201,
  });
}

async function publishLines(request) {
  return new Response(contract.publishLines(
    await request.text(),
    (id, event) => watchers.publish(id, event),
  ));
}

function realtime(request, id) {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => {
    socket.send(JSON.stringify(contract.connected(id)));
    socket.send(JSON.stringify(contract.sync()));
    watchers.add(id, socket);
  };
  socket.onclose = () => watchers.delete(id, socket);
  return response;
}

function test(request, id) {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => socket.send(JSON.stringify(contract.bareConnected(id)));
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

Deno.serve({
  hostname: contract.hostname,
  port: contract.port,
  onListen: () => console.log("ready"),
}, (request) => {
  const { pathname } = new URL(request.url);
  const watched = contract.idAfter("/ws/realtime/", pathname);
  if (watched) return realtime(request, watched);
  const tested = contract.idAfter("/ws/test/", pathname);
  if (tested) return test(request, tested);
  const published = contract.publishedId(pathname);
  if (published) return publish(request, published);
  if (pathname === "/api/events") return publishLines(request);
  return new Response("ok", { status: pathname === "/readyz" ? 200 : 404 });
});
