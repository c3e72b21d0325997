import { assert, assertEquals, assertFalse } from "@std/assert";
import { operations } from "../../src/docs/openapi.ts";
import type { Operation } from "../../src/docs/operation.ts";
import { renderOperation } from "../../src/docs/render_operation.ts";

function operationOf(id: string): Operation {
  const operation = operations.find((operation) => operation.id === id);
  assert(operation);
  return operation;
}

/** Returns the first command of an operation, ready to paste. */
function commandOf(operation: Operation): string {
  const [, code = ""] =
    /<pre><code>(curl[^<]*)<\/code>/.exec(renderOperation(operation).text) ??
      [];
  return code.replaceAll("&quot;", '"').replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

const key = '-H "Authorization: Bearer ${TASKWIRE_API_KEYS%%,*}"';

for (
  const [id, command] of [
    ["readLiveness", "curl http://127.0.0.1:8000/healthz"],
    [
      "readTask",
      `curl http://127.0.0.1:8000/api/tasks/upload_123456 \\\n  ${key}`,
    ],
    [
      "forgetTask",
      `curl -X DELETE http://127.0.0.1:8000/api/tasks/upload_123456 \\\n  ${key}`,
    ],
    [
      "cancelTask",
      `curl -X POST http://127.0.0.1:8000/api/tasks/upload_123456/cancel \\\n  ${key}`,
    ],
    [
      "streamTask",
      "curl -N http://127.0.0.1:8000/sse/realtime/upload_123456",
    ],
    [
      "streamList",
      `curl -N 'http://127.0.0.1:8000/sse/list?mine=true' \\\n  -H "Authorization: Bearer $TASKWIRE_TOKEN"`,
    ],
    ["watchTask", ""],
  ] as const
) {
  Deno.test(`renderOperation() shows for ${id} the command ${command || "(none)"}`, () => {
    assertEquals(commandOf(operationOf(id)), command);
  });
}

Deno.test("renderOperation() quotes a body for the shell", () => {
  const command = commandOf({
    ...operationOf("publishEvent"),
    body: { type: "application/json", example: { message: "it's" } },
  });
  assert(command.endsWith(`--data-binary '{"message":"it'\\''s"}'`), command);
});

Deno.test("renderOperation() shows every answer, parameter and problem", () => {
  const { text } = renderOperation(operationOf("publishEvent"));
  for (
    const part of [
      'id="publishEvent"',
      "POST",
      "/api/tasks/{connection_id}/events",
      "Idempotency-Key",
      'href="#schema-EventDraft"',
      'href="#schema-Published"',
      "task_finished",
      "insufficient_scope",
    ]
  ) assert(text.includes(part), part);
});

Deno.test("renderOperation() escapes the texts of an operation", () => {
  const { text } = renderOperation({
    ...operationOf("readTask"),
    summary: "<script>alert(1)</script>",
    description: "`<img src=x>`",
    path: "/<b>",
  });
  assertFalse(/<(?:script|img|b)\b/.test(text));
});
