import { assertEquals } from "@std/assert";
import {
  clientFrameSchemas,
  clientMessages,
  serverMessages,
} from "../../src/docs/messages.ts";
import { serverFrameSchemas } from "../../src/docs/schemas/frame_schemas.ts";
import {
  clientFrameTypes,
  parseClientFrame,
} from "../../src/protocol/client_frames.ts";

Deno.test("clientMessages cover every type known to the server", () => {
  const types = new Set<string>();
  for (const { examples } of Object.values(clientMessages)) {
    for (const example of examples) {
      const frame = parseClientFrame(JSON.stringify(example));
      assertEquals(frame, example as never);
      if (typeof frame === "object") types.add(frame.type);
    }
  }
  assertEquals([...types].sort(), [...clientFrameTypes].sort());
});

Deno.test("clientFrameSchemas and clientMessages have the same names", () => {
  assertEquals(
    Object.keys(clientFrameSchemas).sort(),
    Object.keys(clientMessages).sort(),
  );
});

Deno.test("serverMessages have examples of each frame", () => {
  for (const [name, { examples }] of Object.entries(serverMessages)) {
    assertEquals(examples.length > 0, true, name);
  }
  assertEquals(
    Object.keys(serverMessages).sort(),
    Object.keys(serverFrameSchemas).sort(),
  );
});
