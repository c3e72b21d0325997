import * as z from "zod";

/** A JSON Schema (draft 2020-12), in the part known to AsyncAPI 3.0. */
export type Schema = z.core.JSONSchema.BaseSchema;

/** Zod schemas by their names in a document. */
export type SchemaTable = Readonly<Record<string, z.ZodType>>;

/** Returns the reference to a schema in a document (RFC 6901 §6). */
export function schemaRef(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/**
 * Translates validating zod schemas into document schemas, with references for
 * nested named schemas. Describes messages on the wire: before a transform, and
 * open to members added by later versions.
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
