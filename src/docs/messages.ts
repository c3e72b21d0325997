import {
  type ClientFrame,
  clientFrameSchema,
} from "../protocol/client_frames.ts";
import {
  exampleEpoch,
  exampleEvent,
  exampleId,
  exampleTask,
} from "./examples.ts";
import type { ServerFrameName } from "./frame_schemas.ts";
import type { SchemaTable } from "./schemas.ts";

/** The names that client frames of each type have in `/asyncapi.json`. */
const clientFrameNames = {
  ping: "Ping",
  auth: "Authenticate",
  subscribe: "Subscribe",
  unsubscribe: "Unsubscribe",
  cancel: "Cancel",
} as const satisfies Readonly<Record<ClientFrame["type"], string>>;

/** One of {@linkcode clientFrameNames}. */
type ClientFrameName = typeof clientFrameNames[ClientFrame["type"]];

/** A frame, for those who meet it. */
export interface MessageMeaning {
  readonly summary: string;
  readonly examples: readonly unknown[];
}

/** What a client may send on `/ws/realtime`, by its name in `/asyncapi.json`. */
export const clientMessages: Readonly<
  Record<ClientFrameName, MessageMeaning & { readonly reply: ServerFrameName }>
> = {
  Ping: {
    summary: "Asks for a `pong`",
    examples: [{ type: "ping", id: 1 }],
    reply: "Pong",
  },
  Authenticate: {
    summary: "Authenticates, or renews a token, without reconnecting",
    examples: [{ type: "auth", token: "eyJhbGciOiJIUzI1NiJ9.…" }],
    reply: "Auth",
  },
  Subscribe: {
    summary: "Watches another task on the same socket, up to 100",
    examples: [
      { type: "subscribe", connection_id: exampleId },
      {
        type: "subscribe",
        connection_id: exampleId,
        epoch: exampleEpoch,
        offset: 17,
      },
    ],
    reply: "Sync",
  },
  Unsubscribe: {
    summary: "Watches a task no more",
    examples: [{ type: "unsubscribe", connection_id: exampleId }],
    reply: "Unsubscribed",
  },
  Cancel: {
    summary: "Asks a private task's worker to stop: its own user may",
    examples: [{ type: "cancel", connection_id: exampleId }],
    reply: "CancelRequested",
  },
};

/** What {@linkcode clientMessages} are validated by. */
export const clientFrameSchemas: SchemaTable = Object.fromEntries(
  clientFrameSchema.options.map((option) => [
    clientFrameNames[option.shape.type.value],
    option,
  ]),
);

/** What the server sends, by its name in `/asyncapi.json`. */
export const serverMessages: Readonly<Record<ServerFrameName, MessageMeaning>> =
  {
    Connected: {
      summary: "The first frame: who the server takes the client for",
      examples: [{
        type: "connected",
        message: "WebSocket连接成功",
        connection_id: exampleId,
        user_id: 1,
        auth_status: "guest",
      }],
    },
    BareConnected: {
      summary: "The first frame on the routes that know no users",
      examples: [{
        type: "connected",
        message: "WebSocket连接成功",
        connection_id: exampleId,
      }],
    },
    ErrorFrame: {
      summary:
        "Something went wrong: the socket stays open unless a close follows",
      examples: [
        {
          type: "error",
          code: "token_expired",
          message:
            "The token expired 60 s ago: get a new one and connect again",
        },
        {
          type: "error",
          code: "server_restarting",
          message: "The server shuts down or restarts: connect again",
          retry_after_ms: 2_417,
        },
      ],
    },
    Sync: {
      summary: "Where the watcher stands, before the events that follow",
      examples: [
        {
          type: "sync",
          epoch: exampleEpoch,
          offset: 18,
          recovered: false,
          task: exampleTask,
        },
        {
          type: "sync",
          epoch: exampleEpoch,
          offset: 0,
          recovered: false,
          task: null,
        },
      ],
    },
    TaskEvent: {
      summary: "One event of a task, in the order of offsets",
      examples: [
        { type: "task", ...exampleEvent },
        { type: "task", ...exampleEvent, offset: 25, skipped: 6 },
      ],
    },
    Pong: {
      summary: "The answer to `ping`",
      examples: [{ type: "pong", id: 1 }],
    },
    Auth: {
      summary:
        "Who the client is from now on: the answer to `auth`, or news of its token's end",
      examples: [{ type: "auth", user_id: 42, auth_status: "authenticated" }],
    },
    TokenExpiring: {
      summary:
        "The token is about to end: send the next one in an `auth` frame",
      examples: [{ type: "token_expiring", expires_in: 30 }],
    },
    Unsubscribed: {
      summary: "The answer to `unsubscribe`",
      examples: [{ type: "unsubscribed", connection_id: exampleId }],
    },
    CancelRequested: {
      summary: "Somebody asked the task's worker to stop",
      examples: [{ type: "cancel_requested", connection_id: exampleId }],
    },
    Deleted: {
      summary: "The task and its history are forgotten",
      examples: [{ type: "deleted", connection_id: exampleId }],
    },
    Echo: {
      summary: "A text message, back as JSON",
      examples: [{ type: "echo", connection_id: exampleId, message: "hello" }],
    },
  };
