import type { HttpSchemaName } from "./http_schemas.ts";
import type { ParameterName } from "./parameters.ts";
import type { ProblemCode } from "../protocol/problem.ts";

/** A part of the API, as `/openapi.json` groups its routes. */
export type Tag =
  | "Publish"
  | "Read"
  | "Watch"
  | "Connections"
  | "Server";

/** A body, of a request or an answer. */
export interface Content {
  /** The media type. */
  readonly type: string;
  /** Of JSON, or of each line of NDJSON; absent for text. */
  readonly schema?: HttpSchemaName;
  /** JSON where there is a schema, else text as it is sent. */
  readonly example?: unknown;
}

/** An answer that is no problem. */
export interface Answer {
  readonly status: number;
  readonly when: string;
  readonly content?: Content;
}

/**
 * Who may use a route: anybody; a page, whose token, if any, decides what it
 * sees; API keys and JWTs with one of these scopes.
 */
export type Access = "anybody" | "watcher" | readonly ("publish" | "admin")[];

/** One method of one path. */
export interface Operation {
  readonly method: "get" | "post" | "delete";
  /** In OpenAPI's notation. */
  readonly path: string;
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  /** More of it, with `code`. */
  readonly description?: string;
  readonly access: Access;
  readonly parameters?: readonly ParameterName[];
  readonly body?: Content;
  readonly answers: readonly Answer[];
  /** Besides those of every route, and those of its access. */
  readonly problems?: readonly ProblemCode[];
}
