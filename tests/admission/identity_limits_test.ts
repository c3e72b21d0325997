import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

Deno.test("closeOverUserLimit() counts the new identity after auth", async () => {
  await using server = await startTestServer({
    config: { maxConnectionsPerUser: 1 },
  });
  const token = await signToken({ sub: "42" });
  await using first = new TestSocket(server.ws("/ws/realtime/a"));
  await first.nextOf("sync");
  first.send({ type: "auth", token });
  assertEquals((await first.nextOf("auth")).user_id, 42);

  await using second = new TestSocket(server.ws("/ws/realtime/a"));
  await second.nextOf("sync");
  second.send({ type: "auth", token });
  await second.nextOf("auth");
  assertEquals((await second.nextOf("error")).code, "too_many_connections");
  assertEquals((await second.closed).code, 4429);
  await answerOf(server.publish("a", {}));
  assertEquals((await first.nextOf("task")).offset, 1);
});

Deno.test("closeOverUserLimit() releases the place of the previous user", async () => {
  await using server = await startTestServer({
    config: { maxConnectionsPerUser: 1 },
  });
  await using first = new TestSocket(server.ws("/ws/realtime/a"));
  await first.nextOf("sync");
  for (const sub of ["42", "43"]) {
    first.send({ type: "auth", token: await signToken({ sub }) });
    await first.nextOf("auth");
  }
  const token = await signToken({ sub: "42" });
  await using second = new TestSocket(
    server.ws(`/ws/realtime/a?token=${token}`),
  );
  await second.nextOf("sync");
});
