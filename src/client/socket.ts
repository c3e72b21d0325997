import type { SocketLike } from "./api.ts";
import type { Carrier, CarrierEvents } from "./session.ts";

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
  events: CarrierEvents,
): Carrier {
  const socket = new WebSocket(url.href, token ? ["bearer", token] : []);
  const { onLife, onFrame, onEnd } = events;
  let isHeard = false;
  socket.onmessage = ({ data }: { data: string }) => {
    isHeard = true;
    onLife();
    try {
      onFrame(JSON.parse(data));
    } catch (error) {
      // Not a taskwire server. Thrown from here, the error would end a process.
      onEnd(1006, { code: "network_error", message: String(error) });
    }
  };
  // A close usually follows. Chromium sends none if the page's policy
  // forbids the connection. Node's `ws` throws without a listener.
  socket.onerror = () => isHeard || onEnd(1006);
  // Deno reports 0 for a lost connection.
  socket.onclose = ({ code }: { code: number }) => onEnd(code || 1006);
  return {
    send: (frame) => socket.send(JSON.stringify(frame)),
    close: () => {
      isHeard = true;
      socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}
