import type { SocketLike } from "./api.ts";
import type { Carrier, SessionEvents } from "./session.ts";

/**
 * Opens a WebSocket. The token is offered as a subprotocol, which keeps it out
 * of URLs and so out of logs.
 *
 * @throws {SyntaxError} When the token can't be a subprotocol.
 */
export function openSocket(
  WebSocket: new (url: string, protocols: string[]) => SocketLike,
  url: URL,
  token: string | undefined,
  events: SessionEvents,
): Carrier {
  const socket = new WebSocket(url.href, token ? ["bearer", token] : []);
  const close = () => {
    socket.onmessage = socket.onclose = null;
    socket.close();
  };
  socket.onmessage = ({ data }: { data: string }) =>
    events.onFrame(JSON.parse(data));
  // It says nothing that the close after it doesn't, and stays because Node's
  // `ws` throws without it.
  socket.onerror = () => {};
  socket.onclose = ({ code }: { code: number }) => {
    close();
    events.onEnd(code);
  };
  return { send: (frame) => socket.send(JSON.stringify(frame)), close };
}
