import { encodeBareConnected } from "../protocol/server_frames.ts";
import type { Config } from "../config/config.ts";
import type { Connection } from "../connections/connection.ts";
import type { MessageHandler } from "../connections/inbox.ts";

/**
 * Serves `/ws/test`: no authentication; every message is echoed byte for byte.
 */
export function echoEndpoint(
  connection: Connection,
  { config }: { readonly config: Config },
): MessageHandler {
  connection.send(encodeBareConnected(
    config.connectedMessage,
    connection.handshake.taskId,
  ));
  return (message) => {
    const outcome = connection.send(message);
    if (outcome === "backlogged") return connection.writable();
  };
}
