import type { AuthorizationContext } from "../authorization.ts";
import { type Context, Hono } from "hono";
import {
  disconnect,
  listConnections,
} from "../../connections/answer_question.ts";
import {
  type ConnectionPosition,
  encodeCursor,
  parseCursor,
} from "../../cluster/connection_position.ts";
import { mergePages } from "../../cluster/merge_pages.ts";
import type {
  Answer,
  ConnectionsAnswer,
  OtherNodes,
} from "../../cluster/other_nodes.ts";
import type { ConnectionRegistry } from "../../connections/registry.ts";
import { ProblemError } from "../../protocol/problem.ts";
import { allow, badQuery, readWhole } from "../request.ts";

/** The parts of the server used by the connection routes. */
export interface ConnectionRoutesContext extends AuthorizationContext {
  readonly registry: ConnectionRegistry;
  readonly otherNodes: OtherNodes;
}

/**
 * The number of connections per answer. An answer takes about 3 µs of the only
 * thread per connection.
 */
const page = { min: 1, max: 10_000, fallback: 1_000 };

/**
 * Serves `/api/connections`: lists the open connections of all nodes, and
 * closes connections (spec §2). Any node can be asked.
 */
export function connectionRoutes(services: ConnectionRoutesContext): Hono {
  const { registry, otherNodes } = services;
  const operators = allow(["admin"], services);
  const app = new Hono();
  app.get("/", operators, async function listAll(c) {
    const limit = readWhole(c, "limit", page);
    const after = readCursor(c);
    const { connection_id: taskId, user_id: userId } = c.req.query();
    const question = {
      kind: "connections",
      limit,
      ...(after === undefined ? {} : { after }),
      ...(taskId === undefined ? {} : { taskId }),
      ...(userId === undefined ? {} : { userId }),
    } as const;
    const { answers, silent } = await otherNodes.ask(question);
    const { total, connections, cursor } = mergePages([
      listConnections(question, registry),
      ...answers.filter(isPage),
    ], limit);
    const silentMember = silent > 0 ? `,"silent_nodes":${silent}` : "";
    const cursorMember = cursor ? `,"cursor":"${encodeCursor(cursor)}"` : "";
    return c.body(
      `{"connections":[${
        connections.map(({ json }) => json).join()
      }],"total":${total}${silentMember}${cursorMember}}`,
      200,
      { "Content-Type": "application/json" },
    );
  });

  app.delete("/:id", operators, async function close(c) {
    const id = c.req.param("id");
    if (disconnect(id, registry)) return c.body(null, 204);
    const { answers, silent } = await otherNodes.ask({
      kind: "disconnect",
      id,
    });
    if (answers.some(hasFound)) return c.body(null, 204);
    throw new ProblemError(
      silent > 0
        ? {
          status: 503,
          code: "node_silent",
          detail:
            "Not all nodes answered, and the connection may be open on a node that did not: try again later",
        }
        : {
          status: 404,
          code: "connection_unknown",
          detail: "No open connection has this id: it may have ended already",
        },
    );
  });
  return app;
}

/**
 * Reads the start position of the page.
 *
 * @throws {ProblemError} 400 for an invalid cursor.
 */
function readCursor(c: Context): ConnectionPosition | undefined {
  const text = c.req.query("cursor");
  if (text === undefined) return undefined;
  const position = parseCursor(text);
  if (position) return position;
  throw badQuery("cursor: expected the cursor of the previous page");
}

function isPage(answer: Answer): answer is ConnectionsAnswer {
  return answer.kind === "connections";
}

function hasFound(answer: Answer): boolean {
  return answer.kind === "disconnect" && answer.isFound;
}
