import type { SocketLike } from "./api.ts";
import type { Carrier, SessionEvents } from "./session.ts";

/**
 * Opens a WebSocket. The token is offered as a subprotocol, to keep the token
 * out of URLs and out of logs.
 *
 * @throws {DOMException} If the browser forbids the connection.
 */
export function openSocket(
  WebSocket: new (url: string, protocols: string[]) => SocketLike,
  url: URL,
  token: string | undefined,
  events: SessionEvents,
): Carrier {
  const socket = new WebSocket(url.href, token ? ["bearer", token] : []);
  let isHeard = false;
  const close = () => {
    isHeard = true;
    socket.onmessage = socket.onclose = null;
    socket.close();
  };
  socket.onmessage = ({ data }: { data: string }) => {
    isHeard = true;
    try {
      events.onFrame(JSON.parse(data));
    } catch (error) {
      // Not a taskwire server. Thrown from here, the error would end a process.
      close();
      events.onEnd(1006, { code: "network_error", message: String(error) });
    }
  };
  // A close usually follows. Chromium sends none if the page's policy
  // forbids the connection. Node's `ws` throws without a listener.
  socket.onerror = () => {
    if (isHeard) return;
    close();
    events.onEnd(1006);
  };
  socket.onclose = ({ code }: { code: number }) => {
    close();
    // Deno reports 0 for a lost connection.
    events.onEnd(code || 1006);
  };
  return { send: (frame) => socket.send(JSON.stringify(frame)), close };
}
