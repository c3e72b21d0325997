/**
 * The contract of taskwire for all servers in JavaScript, without stores,
 * tokens and limits. With shared code the servers differ only in the library
 * that carries frames.
 *
 * Plain JavaScript, because Deno, Node and Bun all run plain JavaScript.
 *
 * @module
 */

/** Where to listen. */
export const port = Number(globalThis.process.env.PORT);
export const hostname = "127.0.0.1";

const epoch = crypto.randomUUID();
const offsets = new Map();

const message = "WebSocket连接成功";

/** The first frame of `/ws/test`. */
export const bareConnected = (connection_id) => ({
  type: "connected",
  message,
  connection_id,
});

/** The first frame of `/ws/realtime`. The token's user is not checked. */
export const connected = (connection_id) => ({
  ...bareConnected(connection_id),
  user_id: 1,
  auth_status: "guest",
});

/** The second frame of `/ws/realtime`. */
export const sync = () => ({
  type: "sync",
  epoch,
  offset: 0,
  recovered: false,
  task: null,
});

/** The next frame of a task. */
export function task(connection_id, event) {
  const offset = (offsets.get(connection_id) ?? 0) + 1;
  offsets.set(connection_id, offset);
  return {
    type: "task",
    connection_id,
    offset,
    event_id: event.event_id ?? crypto.randomUUID(),
    status: event.status,
    attempt: 1,
    progress: event.progress,
    message: event.message,
    timestamp: new Date().toISOString(),
  };
}

/** The answer to the publisher. */
export const answer = ({ connection_id, offset }, delivered) => ({
  connection_id,
  epoch,
  offset,
  delivered,
  duplicate: false,
  cancel_requested: false,
});

/** A map from ids to the sockets of watchers. */
export class Watchers {
  #sets = new Map();

  add(id, socket) {
    const set = this.#sets.get(id);
    if (set) set.add(socket);
    else this.#sets.set(id, new Set([socket]));
  }

  delete(id, socket) {
    const set = this.#sets.get(id);
    if (set?.delete(socket) && set.size === 0) this.#sets.delete(id);
  }

  /** Encodes an event once, and sends the frame to all watchers. */
  publish(id, event) {
    const frame = task(id, event);
    const text = JSON.stringify(frame);
    const set = this.#sets.get(id);
    if (set) { for (const socket of set) socket.send(text); }
    return answer(frame, set?.size ?? 0);
  }
}

/** Publishes a body of lines. Returns the lines of the answer. */
export function publishLines(text, publish) {
  let results = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const { connection_id, ...event } = JSON.parse(line);
    results += `${JSON.stringify(publish(connection_id, event))}\n`;
  }
  return results;
}

const eventsPath = /^\/api\/tasks\/(.+)\/events$/;

/** The id in `/api/tasks/ID/events`. */
export const publishedId = (pathname) => eventsPath.exec(pathname)?.[1];

/** The id after a prefix of a path. */
export const idAfter = (prefix, pathname) =>
  pathname.startsWith(prefix) ? pathname.slice(prefix.length) : undefined;
