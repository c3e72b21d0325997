import { assertEquals, assertLess } from "@std/assert";
import { ClientList } from "../support/client_list.ts";
import { deadline } from "../support/deadline.ts";
import { opcodes, RawSocket } from "../support/raw_socket.ts";
import { startTestServer } from "../support/server.ts";
import { signToken } from "../support/tokens.ts";
import { settle, upTo } from "../support/watching.ts";

const ids = ["a", "b", "c", "d", "e"];
const rounds = 200;
const data = "x".repeat(60_000);

Deno.test("Lists hold little for a client that reads nothing, and then send the last state of each task", async () => {
  await using server = await startTestServer();
  const { store, registry, hub } = server.services;
  const token = await signToken({ sub: "7" });
  using socket = await RawSocket.open(
    server.ws(`/ws/realtime/lists?watch=false&token=${token}`),
  );
  const nextFrame = async () => JSON.parse(await socket.nextText());
  assertEquals((await nextFrame()).type, "connected");
  const request = { type: "subscribe_list", list: "mine", mine: true };
  await socket.send(
    opcodes.text,
    new TextEncoder().encode(JSON.stringify(request)),
  );
  const client = new ClientList();
  client.take(await nextFrame());

  let maxBufferedBytes = 0;
  const [connection] = registry.list();
  for (const attempt of upTo(rounds)) {
    for (const id of ids) {
      const owner = attempt === 1 ? { user_id: "7" } : {};
      // Ends of attempts are not merged within 100 ms.
      const status = "failed";
      await store.publish(id, { ...owner, attempt, status, data });
    }
    await settle(); // the runtime writes to the socket
    maxBufferedBytes = Math.max(
      maxBufferedBytes,
      connection?.bufferedBytes ?? Infinity,
    );
  }
  await store.forget("e");
  assertLess(maxBufferedBytes, 4 * data.length);

  let frames = 0;
  const isLast = () =>
    client.tasks.length === 4 &&
    client.tasks.every(({ attempt }) => attempt === rounds);
  const readToTheEnd = async () => {
    for (; !isLast(); frames += 1) client.take(await nextFrame());
  };
  await deadline(readToTheEnd(), () => `${frames} frames: ${client.ids}`);
  assertLess(frames, ids.length * rounds);
  assertEquals(client.ids.toSorted(), ["a", "b", "c", "d"]);
  assertEquals(hub.lists.listCount, 1);
});
