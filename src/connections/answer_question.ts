import { encodeUserId } from "../tasks/user_id.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { Registry } from "../metrics/prometheus.ts";
import type { Throughput } from "../metrics/throughput.ts";
import { maxPageLength } from "../store/list_page.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionRegistry } from "./registry.ts";
import { comparePositions } from "../cluster/connection_position.ts";
import type {
  Answer,
  ConnectionsAnswer,
  ConnectionsQuestion,
  ListedConnection,
  NodeStats,
  Question,
} from "../cluster/other_nodes.ts";

/** The parts of a node used to answer questions. */
export interface AnsweringNode {
  readonly metrics: () => Promise<Registry>;
  readonly registry: ConnectionRegistry;
  readonly throughput: Throughput;
  /** The number of this process: 1, 2, … */
  readonly worker: number;
}

/**
 * The maximum length of an answer to another node, in characters of JSON: about
 * 1,700 connections. Redis disconnects a subscriber with more than 32 MiB of
 * waiting data (`client-output-buffer-limit`), and all nodes answer at once.
 */
export const maxAnswerLength = 524_288;

/**
 * Answers a question of another node about this node.
 *
 * @param maxLength The approximate maximum of characters of JSON in a page of
 * connections. A page holds at least one connection.
 */
export async function answerQuestion(
  question: Question,
  node: AnsweringNode,
  maxLength: number = maxAnswerLength,
): Promise<Answer> {
  const { kind } = question;
  switch (kind) {
    case "connections":
      return listConnections(question, node.registry, maxLength);
    case "disconnect":
      return { kind, isFound: disconnect(question.id, node.registry) };
    case "stats":
      return { kind, ...readStats(question.since, node) };
    case "metrics": {
      const metrics = await node.metrics();
      return { kind, worker: node.worker, text: await metrics.metrics() };
    }
  }
}

/**
 * Reads the throughput of this node.
 *
 * @param since The first second to include, in seconds since 1970.
 */
export function readStats(
  since: number,
  { registry, throughput }: Pick<AnsweringNode, "registry" | "throughput">,
): NodeStats {
  return {
    startedAtMs: throughput.startedAt.getTime(),
    connections: registry.openCount,
    totals: throughput.totals,
    history: throughput.history(since),
  };
}

/** Returns a page of connections; see {@linkcode answerQuestion}. */
export function listConnections(
  { limit, after, taskId, userId }: ConnectionsQuestion,
  registry: ConnectionRegistry,
  maxLength: number = maxPageLength,
): ConnectionsAnswer {
  const connections: ListedConnection[] = [];
  let length = 0;
  let isCut = false;
  for (const connection of registry.list()) {
    if (
      (after === undefined || comparePositions(connection, after) > 0) &&
      (taskId === undefined ||
        connection.handshake.taskId === taskId) &&
      (userId === undefined || connection.userId === userId)
    ) {
      isCut = connections.length === limit || length >= maxLength;
      if (isCut) break;
      const { serial, id } = connection;
      const json = encodeConnection(connection);
      length += json.length;
      connections.push({ serial, id, json });
    }
  }
  return { kind: "connections", total: registry.openCount, connections, isCut };
}

/**
 * Closes an open connection of this node for an operator.
 *
 * @returns True if the connection was open here.
 */
export function disconnect(id: string, registry: ConnectionRegistry): boolean {
  const connection = registry.find(id);
  if (connection === undefined) return false;
  connection.close(closeCodes.disconnected, {
    code: "disconnected_by_operator",
    message: "An operator closed this connection: do not reconnect",
  });
  return true;
}

/**
 * Encodes a connection as JSON. By hand, because a user id may be a number that
 * JavaScript can't represent.
 */
function encodeConnection(connection: Connection): string {
  const { id, handshake, userId, authStatus, openedAt } = connection;
  const start = JSON.stringify({
    id,
    route: handshake.route,
    connection_id: handshake.taskId,
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
