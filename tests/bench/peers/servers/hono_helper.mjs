/** Hono with its helper for sockets, and nothing around it. @module */
// deno-lint-ignore-file no-console
import { Hono } from "hono";
import { upgradeWebSocket } from "hono/deno";
import * as contract from "./contract.mjs";

const watchers = new contract.Watchers();
const app = new Hono();

app.get(
  "/ws/realtime/:id{.+}",
  upgradeWebSocket((c) => {
    const id = c.req.param("id");
    return {
      onOpen(_, socket) {
        socket.send(JSON.stringify(contract.connected(id)));
        socket.send(JSON.stringify(contract.sync()));
        watchers.add(id, socket);
      },
      onClose: (_, socket) => watchers.delete(id, socket),
    };
  }),
);
app.get(
  "/ws/test/:id",
  upgradeWebSocket((c) => ({
    onOpen: (_, socket) =>
      socket.send(JSON.stringify(contract.bareConnected(c.req.param("id")))),
    onMessage: ({ data }, socket) => socket.send(data),
  })),
);
app.post(
  "/api/tasks/:id/events",
  async (c) =>
    c.json(watchers.publish(c.req.param("id"), await c.req.json()), 201),
);
app.post(
  "/api/events",
  async (c) =>
    c.body(contract.publishLines(
      await c.req.text(),
      (id, event) => watchers.publish(id, event),
    )),
);
Deno.serve({
  hostname: contract.hostname,
  port: contract.port,
  onListen: () => console.log("ready"),
}, app.fetch);
