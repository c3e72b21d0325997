import * as z from "zod";
import { closeCodes } from "../protocol/close_codes.ts";
import { version } from "../process/version.ts";
import { type Channel, channels } from "./channels.ts";
import {
  authStatusSchema,
  errorCodeSchema,
  serverFrameSchemas,
} from "./schemas/frame_schemas.ts";
import {
  closeMeanings,
  errorCodeMeanings,
  tokenCodeMeanings,
} from "./schemas/meanings.ts";
import {
  clientFrameSchemas,
  clientMessages,
  type MessageMeaning,
  serverMessages,
} from "./messages.ts";
import { parameters } from "./parameters.ts";
import { listedStatusSchema } from "../protocol/client_frames.ts";
import { componentsOf, schemaRef } from "./schemas/components.ts";
import {
  clearableSchema,
  statusSchema,
  taskSchema,
} from "./schemas/task_schemas.ts";

/** A close code of the WebSocket routes, in the form of the document. */
export interface DocumentedClose {
  readonly code: number;
  readonly when: string;
  readonly reconnect: string;
}

/** The close codes, in numerical order. */
export const documentedCloses: readonly DocumentedClose[] =
  (Object.keys(closeCodes) as (keyof typeof closeCodes)[])
    .map((name) => ({ code: closeCodes[name], ...closeMeanings[name] }))
    .sort((one, other) => one.code - other.code);

const echoTextSchema = z.string().describe("Any text");

const anyMessageSchema = z.string().describe("Any text or bytes");

/**
 * Creates the document of the WebSocket routes (AsyncAPI 3.0). Operations are
 * seen from the server.
 */
export function makeAsyncApi() {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "taskwire WebSocket routes",
      version,
      description:
        "Browsers watch tasks over these routes. Backends post the progress of tasks over HTTP, described in `/openapi.json`. Send a token as `?token=` or, to keep the token out of URLs, with the subprotocols `bearer, <token>`; clients without a token are guests.",
      license: { name: "MIT", url: "https://opensource.org/license/mit" },
    },
    defaultContentType: "application/json",
    servers: {
      this: {
        host: "{host}",
        protocol: "ws",
        description: "`wss` behind a proxy with TLS",
        variables: {
          host: {
            default: "127.0.0.1:8000",
            description: "TASKWIRE_HOST and TASKWIRE_PORT",
          },
        },
      },
    },
    channels: Object.fromEntries(
      channels.map((channel) => [channel.id, describeChannel(channel)]),
    ),
    operations: Object.assign({}, ...channels.map(operationsOf)),
    components: {
      schemas: componentsOf({
        ...serverFrameSchemas,
        ...clientFrameSchemas,
        TaskSnapshot: taskSchema,
        TaskStatus: statusSchema,
        ListedStatus: listedStatusSchema,
        ClearableMember: clearableSchema,
        AuthStatus: authStatusSchema,
        ErrorCode: errorCodeSchema,
        EchoText: echoTextSchema,
        AnyMessage: anyMessageSchema,
      }),
      messages: messages(),
      securitySchemes: {
        tokenInQuery: {
          type: "httpApiKey",
          in: "query",
          name: "token",
          description: "A JWT; wins over a JWT in the subprotocols",
        },
        tokenInSubprotocol: {
          type: "httpApiKey",
          in: "header",
          name: "Sec-WebSocket-Protocol",
          description: "`bearer, <JWT>`; the server answers with `bearer`",
        },
      },
    },
    "x-close-codes": documentedCloses,
    "x-error-codes": { ...tokenCodeMeanings, ...errorCodeMeanings },
  };
}

function messages() {
  return {
    ...describeMessages(serverMessages),
    ...describeMessages(clientMessages),
    EchoText: {
      name: "text",
      title: "EchoText",
      summary: "Any text",
      contentType: "text/plain",
      payload: schemaRef("EchoText"),
    },
    AnyMessage: {
      name: "any",
      title: "AnyMessage",
      summary: "Any text or bytes",
      contentType: "application/octet-stream",
      payload: schemaRef("AnyMessage"),
    },
  };
}

function describeMessages(table: Readonly<Record<string, MessageMeaning>>) {
  return Object.fromEntries(
    Object.entries(table).map(([name, { summary, examples }]) => [name, {
      name,
      title: name,
      summary,
      payload: schemaRef(name),
      examples: examples.map((payload) => ({ payload })),
    }]),
  );
}

/** Returns the names of the messages a route receives and sends. */
export function messageNamesOf(channel: Channel) {
  return {
    received: channel.receives === "frames"
      ? Object.keys(clientMessages)
      : [channel.receives],
    sent: channel.receives === "AnyMessage"
      ? [...channel.sends, "AnyMessage"]
      : channel.sends,
  };
}

function describeChannel(channel: Channel) {
  const { received, sent } = messageNamesOf(channel);
  const { description, example } = parameters.connection_id;
  return {
    address: channel.path,
    title: channel.path,
    summary: channel.summary,
    description: channel.description,
    parameters: { connection_id: { description, examples: [example] } },
    messages: Object.fromEntries(
      [...new Set([...received, ...sent])].map((name) => [name, {
        $ref: `#/components/messages/${name}`,
      }]),
    ),
    bindings: {
      ws: {
        method: "GET",
        bindingVersion: "0.1.0",
        ...(channel.query.length === 0 ? {} : { query: queryOf(channel) }),
      },
    },
  };
}

function queryOf({ query }: Channel) {
  return {
    type: "object",
    properties: Object.fromEntries(
      query.map((name) => {
        const { description, schema } = parameters[name];
        return [name, { ...schema, description }];
      }),
    ),
  };
}

/**
 * Describes an operation to receive and one to send. Frames with an answer have
 * an operation of their own.
 */
function operationsOf(channel: Channel) {
  const { received, sent } = messageNamesOf(channel);
  const ref = { $ref: `#/channels/${channel.id}` };
  const messageOf = (name: string) => ({
    $ref: `${ref.$ref}/messages/${name}`,
  });
  const schemes = channel.query.length === 0
    ? []
    : ["tokenInQuery", "tokenInSubprotocol"];
  const security = schemes.map((name) => ({
    $ref: `#/components/securitySchemes/${name}`,
  }));
  const receive = received.map((name) => {
    const reply = name in clientMessages
      ? clientMessages[name as keyof typeof clientMessages].reply
      : name === "EchoText"
      ? "Echo"
      : name;
    return [`${channel.id}Receive${name}`, {
      action: "receive",
      channel: ref,
      summary: messages()[name as keyof ReturnType<typeof messages>].summary,
      messages: [messageOf(name)],
      reply: { channel: ref, messages: [messageOf(reply)] },
      security,
    }];
  });
  return {
    [`${channel.id}Send`]: {
      action: "send",
      channel: ref,
      summary: channel.summary,
      messages: sent.map(messageOf),
      security,
    },
    ...Object.fromEntries(receive),
  };
}
