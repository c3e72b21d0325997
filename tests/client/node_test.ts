import { assertEquals } from "@std/assert";
import { ClientProcess } from "../support/client_process.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { taskFrame } from "../support/fake_sockets.ts";
import { needs } from "../support/needs.ts";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import { greeting, serveStreams } from "../support/sse_fixture.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

/** Tests `client.js` in Node. */
function nodeTest(criterion: string, fn: () => Promise<void>): void {
  needs("node")(`client.js in Node ${criterion}`, fn);
}

const progress = { progress: 0.5 };
const done = { status: "succeeded" };

nodeTest("watches a task to its end, over a broken connection", async () => {
  await using server = await startTestServer();
  await using proxy = cutProxy(server.origin);
  await using client = new ClientProcess(proxy.origin, "a/b");
  assertEquals(await client.next(), "sync@0");
  await published(server, "a/b", progress);
  assertEquals(await client.next(), 1);
  proxy.cut();
  await published(server, "a/b", progress, progress);
  proxy.mend();
  assertEquals([await client.next(), await client.next()], [2, 3]);
  await published(server, "a/b", done);
  assertEquals([await client.next(), await client.next()], [4, "done"]);
  assertEquals(client.transports, ["websocket", "websocket"]);
});

nodeTest("resumes over a restart of the server", async () => {
  await using folder = await makeTempDir();
  const config = { store: `sqlite:${folder.path}/tasks.db` };
  await using stack = new AsyncDisposableStack();
  let server = await startTestServer({ config });
  const proxy = stack.use(cutProxy(server.origin));
  stack.defer(() => server.stop());
  await using client = new ClientProcess(proxy.origin, "a");
  assertEquals(await client.next(), "sync@0");
  await published(server, "a", progress);
  assertEquals(await client.next(), 1);
  await server.stop();
  server = await startTestServer({ config });
  await published(server, "a", progress, done);
  proxy.mend(server.origin);
  assertEquals(
    [await client.next(), await client.next(), await client.next()],
    [2, 3, "done"],
  );
});

nodeTest("renews its token in the open socket", async () => {
  await using server = await startTestServer({
    config: { auth: "required", jwtLeewaySeconds: 0 },
  });
  const tokens = [
    await signToken({ sub: "42", exp: secondsFromNow(3) }),
    await signToken({ sub: "42" }),
  ];
  await using client = new ClientProcess(server.origin, "a", { tokens });
  assertEquals(await client.nextAuthStatus(), "authenticated");
  assertEquals(await client.next(), "sync@0");
  assertEquals(await client.nextAuthStatus(), "authenticated");
  await published(server, "a", done);
  assertEquals(await client.next(), 1);
  assertEquals(client.transports, ["websocket"]);
});

nodeTest("throws a TaskwireError for a forbidden task", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: "42" });
  await using client = new ClientProcess(server.origin, "a");
  assertEquals(await client.next(), ["TaskwireError", "forbidden", 4403]);
});

nodeTest(
  "watches over an event stream if WebSocket is blocked",
  async () => {
    await using server = serveStreams();
    await using client = new ClientProcess(server.origin, "a");
    const first = await server.next();
    assertEquals(server.refused, 2);
    first.send(...greeting(), taskFrame(1));
    first.end();
    const second = await server.next();
    assertEquals(second.request.headers.get("last-event-id"), "e:1");
    second.send(
      ...greeting({ recovered: true, offset: 1 }),
      taskFrame(2, { status: "succeeded" }),
    );
    assertEquals(
      [await client.next(), await client.next(), await client.next()],
      ["sync@0", 1, 2],
    );
    assertEquals(await client.next(), "done");
    assertEquals(client.transports, ["sse", "sse"]);
  },
);
