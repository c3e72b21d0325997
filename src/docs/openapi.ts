import { problemBody } from "../protocol/problem.ts";
import { version } from "../process/version.ts";
import {
  connectionOperations,
  watchOperations,
} from "./connection_operations.ts";
import { type HttpSchemaName, httpSchemas } from "./schemas/http_schemas.ts";
import type { Access, Answer, Content, Operation, Tag } from "./operation.ts";
import { parameters } from "./parameters.ts";
import { type ProblemCode, problemStatuses } from "../protocol/problem.ts";
import { problemMeanings } from "./schemas/problems.ts";
import { componentsOf, schemaRef } from "./schemas/components.ts";
import { serverOperations } from "./server_operations.ts";
import { publishOperations, readOperations } from "./task_operations.ts";

/** All routes of the HTTP API, in reading order. */
export const operations: readonly Operation[] = [
  ...publishOperations,
  ...readOperations,
  ...watchOperations,
  ...connectionOperations,
  ...serverOperations,
];

/** Descriptions of the route groups. */
export const tags: Readonly<Record<Tag, string>> = {
  Publish: "A backend reports the progress of its tasks",
  Read: "Reads tasks and their history",
  Watch: "A page watches a task",
  Connections: "The open sockets, for operators",
  Server: "Health, metrics, documents and pages",
};

/** Creates the document of the HTTP API (OpenAPI 3.1). */
export function makeOpenApi() {
  return {
    openapi: "3.1.1",
    info: {
      title: "taskwire HTTP API",
      version,
      description:
        "A backend posts the progress of its tasks over this API. Browsers watch tasks over WebSocket, described in `/asyncapi.json`. Errors are problem details (RFC 9457) with a `code`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{
      url: "/",
      description: "The server of this document",
    }],
    tags: Object.entries(tags).map(([name, description]) => ({
      name,
      description,
    })),
    paths: pathsOf(operations),
    components: {
      schemas: componentsOf(httpSchemas),
      parameters,
      securitySchemes: {
        apiKey: {
          type: "http",
          scheme: "bearer",
          description: "One of TASKWIRE_API_KEYS; permits everything",
        },
        jwt: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "A JWT with one of the listed words in its space-separated `scope`. With a `tasks` claim (ids, or prefixes ending in `*`) or a `labels` claim, the JWT reaches only the covered tasks, and only routes about tasks",
        },
        tokenInQuery: {
          type: "apiKey",
          in: "query",
          name: "token",
          description: "A JWT, for watchers",
        },
      },
    },
  };
}

function pathsOf(operations: readonly Operation[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const { path, method } = operation;
    paths[path] = { ...paths[path], [method]: describe(operation) };
  }
  return paths;
}

function describe(operation: Operation) {
  const { id, tag, summary, description, body, access } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(access),
    ...(operation.parameters === undefined ? {} : {
      parameters: operation.parameters.map((name) => ({
        $ref: `#/components/parameters/${name}`,
      })),
    }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      ...answersOf(operation.answers),
      ...problemsOf(operation),
    },
  };
}

function securityOf(access: Access) {
  if (access === "anybody") return [];
  if (access === "watcher") return [{}, { tokenInQuery: [] }];
  if (access === "user") return [{ tokenInQuery: [] }];
  return [{ apiKey: [] }, ...access.map((scope) => ({ jwt: [scope] }))];
}

/** Describes answers by status; the client's `Accept` selects between contents. */
function answersOf(answers: readonly Answer[]) {
  return Object.fromEntries(
    Map.groupBy(answers, ({ status }) => status).entries().map((
      [status, same],
    ) => [status, {
      description: same.map(({ when }) => when).join(". "),
      ...contentsOf(same),
    }]),
  );
}

function contentsOf(answers: readonly Answer[]) {
  const contents = answers.flatMap(({ content = [] }) => content).map(
    contentOf,
  );
  return contents.length === 0
    ? {}
    : { content: Object.assign({}, ...contents) };
}

function contentOf({ type, schema, example }: Content) {
  if (schema !== undefined && isLines(type)) {
    return { [type]: linesOf(type, schema, example) };
  }
  return {
    [type]: {
      schema: schema === undefined
        ? { type: type === "application/json" ? "object" : "string" }
        : schemaRef(schema),
      ...(example === undefined ? {} : { example }),
    },
  };
}

/** True if a body is a sequence of JSON texts, one per line. */
export function isLines(type: string): boolean {
  return type === "application/x-ndjson";
}

/**
 * Describes NDJSON as text, since OpenAPI 3.1 has no sequences; the lines have
 * a schema (JSON Schema 2020-12 §8.5).
 */
function linesOf(type: string, schema: HttpSchemaName, example: unknown) {
  const line = JSON.stringify(example);
  return {
    schema: {
      type: "string",
      description: `NDJSON: each line is a JSON text, ${schema}`,
      contentMediaType: type,
      contentSchema: schemaRef(schema),
    },
    example: `${line}\n${line}\n`,
  };
}

/** Returns the problem codes of a route, by status. */
export function problemCodesOf(
  { access, problems = [] }: Operation,
): Map<number, ProblemCode[]> {
  const codes = new Set<ProblemCode>([
    ...problems,
    ...(typeof access === "string" ? [] : [
      "unauthorized",
      "insufficient_scope",
      "task_not_allowed",
      "verifier_unavailable",
    ] as const),
    "bad_host",
    "bad_request_target",
    "bad_framing",
    "too_many_requests",
    "internal_error",
    "too_busy",
    "draining",
  ]);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    for (const status of problemStatuses[code]) {
      byStatus.set(status, [...byStatus.get(status) ?? [], code]);
    }
  }
  return new Map([...byStatus].sort(([one], [other]) => one - other));
}

function problemsOf(operation: Operation) {
  return Object.fromEntries(
    [...problemCodesOf(operation)].map(([status, codes]) => [
      status,
      problemAnswer(status, codes),
    ]),
  );
}

function problemAnswer(status: number, codes: readonly ProblemCode[]) {
  const headers = headersOf(status);
  return {
    description: codes.map((code) => `\`${code}\`: ${problemMeanings[code]}`)
      .join(". "),
    ...(headers === undefined ? {} : { headers }),
    content: {
      "application/problem+json": {
        schema: schemaRef("Problem"),
        examples: Object.fromEntries(codes.map((code) => [code, {
          value: problemBody({
            status,
            code,
            detail: problemMeanings[code],
          }),
        }])),
      },
    },
  };
}

function headersOf(status: number) {
  const header = (description: string, example: string) => ({
    description,
    schema: { type: "string" },
    example,
  });
  if (status === 401) {
    return { "WWW-Authenticate": header("The challenge", "Bearer") };
  }
  if (status === 405) {
    return { Allow: header("The methods of the path", "GET, OPTIONS") };
  }
  if (status === 415) {
    return { "Accept-Encoding": header("The accepted encoding", "identity") };
  }
  if (status === 426) {
    return { Upgrade: header("The protocol to use", "websocket") };
  }
  if (status === 429 || status === 503) {
    return {
      "Retry-After": header("The delay before trying again, in seconds", "5"),
    };
  }
}
