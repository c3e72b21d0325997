import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import { receiveError, sendError } from "../../src/workers/sent_error.ts";

Deno.test("receiveError() gives a store's error its class again", () => {
  const sent = sendError(new StoreUnavailableError("is full"));
  const received = receiveError(JSON.parse(JSON.stringify(sent)));
  assert(received instanceof StoreUnavailableError);
  assertEquals(received.message, "is full");
});

Deno.test("receiveError() keeps the name of an unexpected error", () => {
  const received = receiveError(sendError(new RangeError("out of it")));
  assertEquals([received.name, received.message], ["RangeError", "out of it"]);
  assertNotEquals(received.name, "StoreUnavailableError");
});

Deno.test("sendError() accepts values that are no errors", () => {
  assertEquals(sendError("a text"), { name: "Error", message: "a text" });
});
