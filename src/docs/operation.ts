import type { HttpSchemaName } from "./schemas/http_schemas.ts";
import type { ParameterName } from "./parameters.ts";
import type { ProblemCode } from "../protocol/problem.ts";

/** A group of routes in `/openapi.json`. */
export type Tag =
  | "Publish"
  | "Read"
  | "Watch"
  | "Connections"
  | "Server";

/** The body of a request or an answer. */
export interface Content {
  /** The media type. */
  readonly type: string;
  /** The schema of the JSON, or of each line of NDJSON; absent for text. */
  readonly schema?: HttpSchemaName;
  /** JSON if there is a schema, otherwise the text. */
  readonly example?: unknown;
}

/** A successful answer. */
export interface Answer {
  readonly status: number;
  readonly when: string;
  readonly content?: Content;
}

/**
 * The access to a route: anybody; watchers, whose permissions depend on the
 * token, if any; users, with a token; API keys and JWTs with one of these scopes.
 */
export type Access =
  | "anybody"
  | "watcher"
  | "user"
  | readonly ("publish" | "admin")[];

/** A method of a path. */
export interface Operation {
  readonly method: "get" | "post" | "delete";
  /** The path in OpenAPI's notation. */
  readonly path: string;
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  /** Further text, with `code`. */
  readonly description?: string;
  readonly access: Access;
  readonly parameters?: readonly ParameterName[];
  readonly body?: Content;
  readonly answers: readonly Answer[];
  /** Problems in addition to those of every route and of the route's access. */
  readonly problems?: readonly ProblemCode[];
}

/** An answer with a JSON body. */
export function json(
  when: string,
  schema: HttpSchemaName,
  example?: unknown,
  status = 200,
): Answer {
  const content = { type: "application/json", schema };
  return {
    status,
    when,
    content: example === undefined ? content : { ...content, example },
  };
}
