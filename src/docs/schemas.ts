import { z } from "zod";

/** A JSON Schema (draft 2020-12), as OpenAPI 3.1 takes it; AsyncAPI 3.0 takes what of it these schemas use. */
export type Schema = z.core.JSONSchema.BaseSchema;

/** Zod schemas by the names that they have in a document. */
export type SchemaTable = Readonly<Record<string, z.ZodType>>;

/** Where a document keeps a schema (JSON Pointer as a URI fragment, RFC 6901 §6). */
export function schemaRef(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/**
 * Translates schemas that validate into those of a document, which refer to
 * each other where one zod schema is part of another. They describe what is
 * sent: before a transform, and open to members that a later version adds.
 */
export function componentsOf(table: SchemaTable): Record<string, Schema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(table)) {
    registry.add(schema, { id });
  }
  const { schemas } = z.toJSONSchema(registry, {
    io: "input",
    uri: (id) => schemaRef(id).$ref,
  });
  return Object.fromEntries(
    Object.entries(schemas).map((
      [name, { $schema: _, $id: __, ...schema }],
    ) => [name, schema]),
  );
}
