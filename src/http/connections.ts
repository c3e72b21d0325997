import { Hono } from "hono";
import { encodeUserId } from "../auth/user_id.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { Services } from "../services.ts";
import type { Connection } from "../sockets/connection.ts";
import { ProblemError } from "./problem.ts";
import { allow, readWhole } from "./request.ts";

/** How many connections one answer holds: making it takes the server's one thread, about 3 µs each. */
const page = { min: 1, max: 10_000, fallback: 1_000 };

/** What a cursor can be. */
const position = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 };

/** `/api/connections`: who is connected, and sending one of them away (spec §2). */
export function connectionRoutes(services: Services): Hono {
  const { registry } = services;
  const app = new Hono();
  app.use(allow(["admin"], services));

  app.get("/", function listConnections(c) {
    const limit = readWhole(c, "limit", page);
    const cursor = readWhole(c, "cursor", position);
    const { connection_id: connectionId, user_id: userId } = c.req.query();
    const open = registry.list();
    const found: Connection[] = [];
    for (const connection of open) {
      if (
        connection.serial > cursor &&
        (connectionId === undefined ||
          connection.handshake.connectionId === connectionId) &&
        (userId === undefined || connection.userId === userId)
      ) found.push(connection);
      if (found.length > limit) break; // one more, to know that there is
    }
    const listed = found.slice(0, limit);
    const last = found.length > limit ? listed.at(-1) : undefined;
    const cursorMember = last ? `,"cursor":"${last.serial}"` : "";
    return c.body(
      `{"connections":[${
        listed.map(encodeConnection).join()
      }],"total":${open.length}${cursorMember}}`,
      200,
      { "Content-Type": "application/json" },
    );
  });

  app.delete("/:id", function disconnect(c) {
    const connection = registry.find(c.req.param("id"));
    if (connection === undefined) {
      throw new ProblemError({
        status: 404,
        code: "connection_unknown",
        detail: "No open connection has this id: it may have ended",
      });
    }
    connection.close(closeCodes.disconnected, {
      code: "disconnected_by_operator",
      message: "An operator ended this connection: don't connect again",
    });
    return c.body(null, 204);
  });
  return app;
}

/** A connection as JSON; by hand, because a user id may be a number that only its digits carry. */
function encodeConnection(connection: Connection): string {
  const { id, handshake, userId, authStatus, openedAt } = connection;
  const start = JSON.stringify({
    id,
    route: handshake.route,
    connection_id: handshake.connectionId,
  });
  const user = userId === undefined ? "" : `"user_id":${encodeUserId(userId)},`;
  const rest = JSON.stringify({
    auth_status: authStatus,
    remote_address: handshake.remoteAddress,
    since: openedAt.toISOString(),
    queued_bytes: connection.bufferedBytes,
  });
  return `${start.slice(0, -1)},${user}${rest.slice(1)}`;
}
