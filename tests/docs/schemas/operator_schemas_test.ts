import { assertEquals } from "@std/assert";
import {
  connectionListSchema,
  connectionSchema,
} from "../../../src/docs/schemas/operator_schemas.ts";

const bare = {
  id: "1",
  route: "test_websocket",
  connection_id: "a",
  remote_address: "127.0.0.1",
  since: "2026-11-23T20:20:58.123Z",
  queued_bytes: 0,
};

Deno.test("connectionSchema accepts a socket of a route without authentication", () => {
  assertEquals(connectionSchema.parse(bare), bare);
});

Deno.test("connectionListSchema accepts the last page, without a cursor", () => {
  const list = { connections: [bare], total: 1 };
  assertEquals(connectionListSchema.parse(list), list);
});
