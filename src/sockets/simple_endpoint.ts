import { encodeBareConnected, encodeEcho } from "../protocol/server_frames.ts";
import type { Config } from "../config/config.ts";
import { answerBadFrames } from "../connections/bad_frames.ts";
import type { Connection } from "../connections/connection.ts";
import type { MessageHandler } from "../connections/inbox.ts";

/**
 * Serves `/ws/ws/simple`: a connection test. The socket is listed; text
 * messages are echoed as JSON.
 */
export function simpleEndpoint(
  connection: Connection,
  { config }: { readonly config: Config },
): MessageHandler {
  const { taskId } = connection.handshake;
  const answerBadFrame = answerBadFrames(connection);
  connection.send(encodeBareConnected(config.connectedMessage, taskId));
  return (message) => {
    if (typeof message === "string") {
      connection.send(encodeEcho(taskId, message));
    } else {
      answerBadFrame(
        "This route echoes only text messages: use /ws/test to echo binary messages",
      );
    }
    if (connection.isBacklogged) return connection.writable();
  };
}
