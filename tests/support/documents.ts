import { assert, assertEquals } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { makeAsyncApi } from "../../src/docs/asyncapi.ts";
import { isLines, makeOpenApi } from "../../src/docs/openapi.ts";
import type { Answer } from "./answer.ts";

/** A document, parsed from JSON. */
export type Json = Record<string, unknown>;

/** `/openapi.json`, parsed. */
export const openApi: Json = JSON.parse(JSON.stringify(makeOpenApi()));

/** `/asyncapi.json`, parsed. */
export const asyncApi: Json = JSON.parse(JSON.stringify(makeAsyncApi()));

/**
 * Closes the schemas of all objects in a value. Readers must accept unknown
 * members, but a test must find undocumented members.
 */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, closed(member)]),
  );
  return copy.type === "object" && "properties" in copy
    ? { additionalProperties: false, ...copy }
    : copy;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(closed(openApi) as Json, "openapi");
ajv.addSchema(closed(asyncApi) as Json, "asyncapi");

/** Lists the faults of a value by the schema at a place of a document. */
export function faultsOf(
  document: "openapi" | "asyncapi",
  pointer: readonly string[],
  value: unknown,
): string {
  const path = pointer.map((part) =>
    encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))
  ).join("/");
  const validate = ajv.compile({ $ref: `${document}#/${path}` });
  return validate(value) ? "" : ajv.errorsText(validate.errors);
}

/** Holds a frame against the schema of a message of `/asyncapi.json`. */
export function assertFrame(name: string, frame: unknown): void {
  assertEquals(
    faultsOf("asyncapi", ["components", "schemas", name], frame),
    "",
    `${name}: ${JSON.stringify(frame)}`,
  );
}

/** Returns a member of a document. Fails unless the member is an object. */
export function at(document: Json, ...pointer: readonly string[]): Json {
  let value: unknown = document;
  for (const part of pointer) value = (value as Json | undefined)?.[part];
  assert(
    typeof value === "object" && value !== null,
    `nothing is at ${pointer.join(" ")}`,
  );
  return value as Json;
}

/**
 * Checks an answer against `/openapi.json`: the status must be documented for
 * the route, and the content must have the documented type and schema.
 *
 * @param route Such as `GET /api/tasks/{connection_id}`.
 */
export function assertAnswer(
  route: string,
  { status, headers, text }: Pick<Answer, "status" | "headers" | "text">,
): void {
  const [method = "", path = ""] = route.split(" ");
  const pointer = [
    "paths",
    path,
    method.toLowerCase(),
    "responses",
    String(status),
  ];
  const response = at(openApi, ...pointer);
  if (!("content" in response)) {
    assertEquals(text, "");
    return;
  }
  const type = headers.get("content-type")?.split(";")[0] ?? "";
  const content = at(response, "content", type);
  const lines = isLines(type);
  if (!lines && !type.endsWith("json")) return;
  const schema = [...pointer, "content", type, "schema"];
  const bodies = lines ? text.trimEnd().split("\n") : [text];
  for (const body of bodies) {
    const value = JSON.parse(body);
    assertEquals(
      faultsOf("openapi", lines ? [...schema, "contentSchema"] : schema, value),
      "",
      `${route}: ${status} ${body}`,
    );
    if (type !== "application/problem+json") continue;
    // The examples name the possible codes of the route.
    assertEquals(at(content, "examples", value.code, "value").status, status);
  }
}
