import { assert, assertEquals, assertFalse } from "@std/assert";
import { ConnectionRegistry } from "../../src/connections/registry.ts";
import { fakeConnection } from "../support/fake_connection.ts";

Deno.test("ConnectionRegistry.list() is oldest first", () => {
  const registry = new ConnectionRegistry();
  const connections = [1, 2, 3].map(() => fakeConnection().connection);
  for (const connection of connections) registry.add(connection);
  assertEquals(
    registry.list().map(({ id }) => id),
    connections.map(({ id }) => id),
  );
});

Deno.test("ConnectionRegistry.list() is a copy, so that connections may close meanwhile", () => {
  const registry = new ConnectionRegistry();
  registry.add(fakeConnection().connection);
  registry.add(fakeConnection().connection);
  const listed = registry.list();
  for (const connection of listed) connection.close(1001);
  assertEquals([listed.length, registry.list().length], [2, 0]);
});

Deno.test("ConnectionRegistry.list() drops a connection the moment it is closed", () => {
  const registry = new ConnectionRegistry();
  const { connection } = fakeConnection();
  registry.add(connection);
  assertEquals(registry.openCount, 1);
  connection.close(1001);
  assertEquals([registry.list(), registry.openCount], [[], 0]);
});

Deno.test("ConnectionRegistry.socketCount goes on counting a closed connection until its socket is released", () => {
  const registry = new ConnectionRegistry();
  const { connection } = fakeConnection();
  registry.add(connection);
  connection.close(1001);
  assertEquals(registry.socketCount, 1);
  registry.released(connection);
  registry.released(connection);
  assertEquals(registry.socketCount, 0);
});

Deno.test("ConnectionRegistry.beginDrain() drains for good", () => {
  const registry = new ConnectionRegistry();
  assertFalse(registry.isDraining);
  registry.beginDrain();
  assert(registry.isDraining);
});

Deno.test("ConnectionRegistry.socketsOf() counts an address's sockets until they are released", () => {
  const registry = new ConnectionRegistry();
  const { connection } = fakeConnection();
  const { remoteAddress } = connection.handshake;
  const release = registry.reserve(remoteAddress);
  assertEquals(registry.socketsOf(remoteAddress), 1);
  registry.add(connection);
  release();
  release();
  assertEquals(registry.socketsOf(remoteAddress), 1);
  assertEquals(registry.socketsOf("192.0.2.1"), 0);
  connection.close(1001);
  assertEquals(registry.socketsOf(remoteAddress), 1);
  registry.released(connection);
  registry.released(connection);
  assertEquals(registry.socketsOf(remoteAddress), 0);
});

Deno.test("ConnectionRegistry.onUserLeft() is called when a user has a connection less, once", () => {
  const registry = new ConnectionRegistry();
  const left: [string, number][] = [];
  registry.onUserLeft((...args) => left.push(args));
  const { connection } = fakeConnection();
  const { connection: other } = fakeConnection();
  for (const each of [connection, other]) {
    registry.add(each);
    registry.assignUser(each, "42");
  }
  registry.assignUser(connection, "42"); // a token renewed
  assertEquals(left, []);
  registry.assignUser(connection, "43");
  registry.assignUser(other, undefined);
  assertEquals(left, [["42", 1], ["42", 0]]);
  connection.close(1000);
  connection.ended();
  other.close(1000);
  assertEquals(left.slice(2), [["43", 0]]);
});

Deno.test("ConnectionRegistry.userOf() returns the user of an open connection", () => {
  const registry = new ConnectionRegistry();
  const { connection } = fakeConnection();
  registry.add(connection);
  assertEquals(registry.userOf(connection), undefined);
  registry.assignUser(connection, "42");
  assertEquals(registry.userOf(connection), "42");
  connection.close(1000);
  assertEquals(registry.userOf(connection), undefined);
});

Deno.test("ConnectionRegistry.assignUser() counts a user's open connections", () => {
  const registry = new ConnectionRegistry();
  const [first, second] = [fakeConnection(), fakeConnection()].map((
    { connection },
  ) => connection);
  assert(first && second);
  registry.add(first);
  registry.add(second);
  assertEquals(registry.assignUser(first, "42"), 1);
  assertEquals(registry.assignUser(first, "42"), 1);
  assertEquals(registry.assignUser(second, "42"), 2);
  assertEquals(registry.assignUser(first, "43"), 1);
  assertEquals(registry.assignUser(first, "42"), 2);
  assertEquals(registry.assignUser(first, undefined), 0);
  first.close(1001);
  assertEquals(registry.assignUser(first, "42"), 0);
  assertEquals(registry.assignUser(second, "42"), 1);
});

Deno.test("ConnectionRegistry.find() finds a connection as long as it is listed", () => {
  const registry = new ConnectionRegistry();
  const { connection } = fakeConnection();
  registry.add(connection);
  registry.add(fakeConnection().connection);
  assert(registry.find(connection.id) === connection);
  connection.close(1001);
  assertEquals(registry.find(connection.id), undefined);
});
