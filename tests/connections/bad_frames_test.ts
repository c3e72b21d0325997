import { assert, assertEquals, assertFalse } from "@std/assert";
import { answerBadFrames } from "../../src/connections/bad_frames.ts";
import { fakeConnection } from "../support/fake_connection.ts";

Deno.test("answerBadFrames() sends each fault and leaves the socket open", () => {
  const { connection, transport } = fakeConnection();
  const answerBadFrame = answerBadFrames(connection);
  for (let count = 1; count <= 9; count += 1) answerBadFrame(`Fault ${count}`);
  assertEquals(
    transport.frames,
    Array.from({ length: 9 }, (_, index) => ({
      type: "error",
      code: "bad_frame",
      message: `Fault ${index + 1}`,
    })),
  );
  assertFalse(connection.isClosed);
});

Deno.test("answerBadFrames() answers the tenth frame, then closes with 4400", () => {
  const { connection, transport } = fakeConnection();
  const answerBadFrame = answerBadFrames(connection);
  for (let count = 1; count <= 12; count += 1) answerBadFrame("Fault");
  assert(connection.isClosed);
  assertEquals(transport.closes.map(({ code }) => code), [4400]);
  assertEquals(
    transport.frames.map(({ code }) => code),
    [...Array(10).fill("bad_frame"), "too_many_bad_frames"],
  );
});
