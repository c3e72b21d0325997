import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  componentsOf,
  schemaRef,
} from "../../../src/docs/schemas/components.ts";

Deno.test("componentsOf() refers to schemas by their names", () => {
  const part = z.object({ id: z.string() });
  assertEquals(
    componentsOf({ Part: part, Whole: z.object({ parts: z.array(part) }) }),
    {
      Part: {
        type: "object",
        properties: { id: { type: "string" } },
        required: ["id"],
      },
      Whole: {
        type: "object",
        properties: { parts: { type: "array", items: schemaRef("Part") } },
        required: ["parts"],
      },
    },
  );
});

Deno.test("componentsOf() describes the form on the wire, before transforms", () => {
  const schema = z.string().transform(Number).meta({ description: "digits" });
  assertEquals(componentsOf({ Digits: schema }), {
    Digits: { type: "string", description: "digits" },
  });
});
