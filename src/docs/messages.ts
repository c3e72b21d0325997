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
import type { ServerFrameName } from "./schemas/frame_schemas.ts";
import type { SchemaTable } from "./schemas/components.ts";

/** The names of client frames in `/asyncapi.json`, by type. */
const clientFrameNames = {
  ping: "Ping",
  auth: "Authenticate",
  subscribe: "Subscribe",
  unsubscribe: "Unsubscribe",
  cancel: "Cancel",
  subscribe_list: "SubscribeList",
  unsubscribe_list: "UnsubscribeList",
} as const satisfies Readonly<Record<ClientFrame["type"], string>>;

/** A name in {@linkcode clientFrameNames}. */
type ClientFrameName = typeof clientFrameNames[ClientFrame["type"]];

/** A frame, described for clients. */
export interface MessageMeaning {
  readonly summary: string;
  readonly examples: readonly unknown[];
}

/** The client's frames on `/ws/realtime`, by name in `/asyncapi.json`. */
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
    summary: "Watches a further task on the same socket, up to 100 tasks",
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
    summary: "Stops watching a task",
    examples: [{ type: "unsubscribe", connection_id: exampleId }],
    reply: "Unsubscribed",
  },
  Cancel: {
    summary:
      "Asks the worker of a private task to stop; only the task's user may",
    examples: [{ type: "cancel", connection_id: exampleId }],
    reply: "CancelRequested",
  },
  SubscribeList: {
    summary:
      "Asks for a list of tasks and the changes, up to 10 lists a socket; replaces a list of the same name",
    examples: [
      {
        type: "subscribe_list",
        list: "mine",
        mine: true,
        status: ["queued", "running"],
        limit: 50,
      },
      { type: "subscribe_list", list: "team", labels: ["team:7", "import"] },
    ],
    reply: "List",
  },
  UnsubscribeList: {
    summary: "Ends a list",
    examples: [{ type: "unsubscribe_list", list: "mine" }],
    reply: "ListUnsubscribed",
  },
};

/** The schemas that validate {@linkcode clientMessages}. */
export const clientFrameSchemas: SchemaTable = Object.fromEntries(
  clientFrameSchema.options.map((option) => [
    clientFrameNames[option.shape.type.value],
    option,
  ]),
);

/** The frames sent by the server, by name in `/asyncapi.json`. */
export const serverMessages: Readonly<Record<ServerFrameName, MessageMeaning>> =
  {
    Connected: {
      summary: "The first frame: the client's identity",
      examples: [{
        type: "connected",
        message: "WebSocket连接成功",
        connection_id: exampleId,
        user_id: 1,
        auth_status: "guest",
      }],
    },
    BareConnected: {
      summary: "The first frame on routes without authentication",
      examples: [{
        type: "connected",
        message: "WebSocket连接成功",
        connection_id: exampleId,
      }],
    },
    ErrorFrame: {
      summary: "An error. The socket stays open unless a close follows",
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
          message: "The server is shutting down or restarting: reconnect",
          retry_after_ms: 2_417,
        },
      ],
    },
    Sync: {
      summary:
        "The position of the watcher and the state of the task, before further events",
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
      summary: "An event of a task, in the order of offsets",
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
        "The client's new identity: the answer to `auth`, or sent when the token has expired",
      examples: [{ type: "auth", user_id: 42, auth_status: "authenticated" }],
    },
    TokenExpiring: {
      summary: "The token expires soon: send a new token in an `auth` frame",
      examples: [{ type: "token_expiring", expires_in: 30 }],
    },
    Unsubscribed: {
      summary: "The answer to `unsubscribe`",
      examples: [{ type: "unsubscribed", connection_id: exampleId }],
    },
    CancelRequested: {
      summary: "The task's worker was asked to stop",
      examples: [{ type: "cancel_requested", connection_id: exampleId }],
    },
    Deleted: {
      summary: "The task and its history were deleted",
      examples: [{ type: "deleted", connection_id: exampleId }],
    },
    List: {
      summary: "The tasks of a list, newest change first",
      examples: [
        {
          type: "list",
          list: "mine",
          tasks: [exampleTask],
          complete: true,
        },
        { type: "list", list: "team", tasks: [], complete: true },
      ],
    },
    ListUpdate: {
      summary:
        "A task of the list has changed, or now belongs to the list. The order of a list is that of `updated_at`, not of the updates",
      examples: [{ type: "list_update", list: "mine", task: exampleTask }],
    },
    ListRemove: {
      summary:
        "A task no longer matches, was deleted or has expired, may no longer be seen, or has left the newest `limit`",
      examples: [{
        type: "list_remove",
        list: "mine",
        connection_id: exampleId,
      }],
    },
    ListUnsubscribed: {
      summary: "The answer to `unsubscribe_list`",
      examples: [{ type: "list_unsubscribed", list: "mine" }],
    },
    Echo: {
      summary: "A text message, echoed as JSON",
      examples: [{ type: "echo", connection_id: exampleId, message: "hello" }],
    },
  };
