import { assertEquals } from "@std/assert";
import { eventDraftSchema } from "../../../src/tasks/draft.ts";
import { httpSchemas } from "../../../src/docs/schemas/http_schemas.ts";
import { faultsOf } from "../../support/documents.ts";

function isDocumented(draft: unknown): boolean {
  const pointer = ["components", "schemas", "EventDraft"];
  return faultsOf("openapi", pointer, draft) === "";
}

for (
  const [draft, expected] of [
    [{}, true],
    [{ status: "PENDING", progress: 1, lease: 0.5, user_id: 42 }, true],
    [{ user_id: "O'Neil", data: null, event_id: "x".repeat(256) }, true],
    [{ message: "😀".repeat(1_000) }, true],
    [{ message: "😀".repeat(1_001) }, false],
    [{ progres: 0.5 }, false],
    [{ progress: 1.1 }, false],
    [{ progress: null, unit: null }, true],
    [{ attempt: null }, false],
    [{ attempt: 0 }, false],
    [{ attempt: 1.5 }, false],
    [{ current: -1 }, false],
    [{ unit: "" }, false],
    [{ event_id: "x".repeat(257) }, false],
    [{ lease: 0 }, false],
    [{ lease: 2_147_484 }, false],
    [{ status: 1 }, false],
    [{ user_id: true }, false],
    [[], false],
  ] as const
) {
  const json = JSON.stringify(draft).slice(0, 60);
  Deno.test(`httpSchemas.EventDraft ${expected ? "accepts" : "rejects"} ${json} like the server`, () => {
    assertEquals(isDocumented(draft), expected);
    assertEquals(eventDraftSchema.safeParse(draft).success, expected);
  });
}

Deno.test("httpSchemas.EventDraft is the validating schema, and EventLine has all members", () => {
  assertEquals(httpSchemas.EventDraft, eventDraftSchema);
  assertEquals(Object.keys(httpSchemas.EventLine.shape), [
    ...Object.keys(eventDraftSchema.shape),
    "connection_id",
  ]);
});
