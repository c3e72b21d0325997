import { assert, assertEquals } from "@std/assert";
import { mayWatch } from "../../src/auth/access.ts";
import type { Identity } from "../../src/auth/identity.ts";
import { Lists } from "../../src/realtime/lists.ts";
import type { Hub } from "../../src/watch/hub.ts";
import { ListHub } from "../../src/watch/list_hub.ts";
import { ClientList } from "../support/client_list.ts";
import { deadline } from "../support/deadline.ts";
import { fakeConnection } from "../support/fake_connection.ts";
import { Listing } from "../support/listing.ts";
import { published } from "../support/published.ts";
import { ask, openForLists } from "../support/realtime.ts";
import { startTestServer } from "../support/server.ts";
import type { Frame, TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";
import { settle } from "../support/watching.ts";

const ada = { user_id: "ada" };

function userWithLabels(userId: string, labels: string[]): Identity {
  const grant = { userId, scopes: new Set<string>(), labels };
  return { status: "authenticated", userId, grant };
}

/** Subscribes to a list, and returns the answer. */
function list(socket: TestSocket, query: Frame): Promise<Frame> {
  return ask(socket, { type: "subscribe_list", list: "mine", ...query });
}

/** Returns the ids of the tasks in a `list` frame. */
function idsOf(frame: Frame): unknown[] {
  return (frame.tasks as Frame[]).map((task) => task.connection_id);
}

/** Returns type and list of a frame, with the task's id or the error's code. */
function inShort({ type, list, code, connection_id, task }: Frame): unknown[] {
  const id = (task as Frame | undefined)?.connection_id ?? connection_id;
  return [type, list, code ?? id].filter((part) => part !== undefined);
}

/** Reads a number of frames in short. */
async function next(socket: TestSocket, count: number): Promise<unknown[][]> {
  const frames: unknown[][] = [];
  while (frames.length < count) {
    frames.push(inShort(await socket.nextFrame()));
  }
  return frames;
}

/** Asserts that no frame is on the way, and that the socket is open. */
async function assertQuiet(socket: TestSocket): Promise<void> {
  assertEquals(await ask(socket, { type: "ping" }), { type: "pong" });
}

/** Resolves when the last list has ended. */
function allEnded(hub: Hub): Promise<void> {
  return new Promise((resolve) => {
    hub.lists.leave = (...args) => {
      ListHub.prototype.leave.apply(hub.lists, args);
      if (hub.lists.listCount === 0) resolve();
    };
  });
}

Deno.test("Lists.open() sends the tasks of the user, newest change first, then changes", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  await published(server, "b", ada);
  await published(server, "c", { user_id: "eve" });
  await published(server, "d", {});
  await published(server, "a", { progress: 0.5 });
  await using socket = await openForLists(server, { sub: "ada" });
  const frame = await list(socket, { mine: true });
  assertEquals(Object.keys(frame), ["type", "list", "tasks", "complete"]);
  assertEquals([frame.list, frame.complete], ["mine", true]);
  assertEquals(idsOf(frame), ["a", "b"]);

  await published(server, "e", ada);
  await published(server, "f", { user_id: "eve" });
  const { task, ...update } = await socket.nextFrame();
  assertEquals(update, { type: "list_update", list: "mine" });
  assertEquals((task as Frame).connection_id, "e");
  await published(server, "e", { status: "succeeded" });
  const end = await socket.nextFrame();
  assertEquals((end.task as Frame).status, "succeeded");
  await server.services.store.forget("e");
  assertEquals(await socket.nextFrame(), {
    type: "list_remove",
    list: "mine",
    connection_id: "e",
  });
});

Deno.test("Lists.open() lists the tasks with all labels, also private tasks of others", async () => {
  await using server = await startTestServer();
  const labels = ["import", "team:7"];
  await published(server, "open", { labels });
  await published(server, "private", { labels, ...ada });
  await published(server, "other team", { labels: ["import", "team:8"] });
  await using socket = await openForLists(server, {
    sub: "eve",
    labels: ["team:7"],
  });
  const frame = await list(socket, { labels: labels.toReversed() });
  assertEquals(idsOf(frame), ["private", "open"]);
  await published(server, "new", { labels, status: "failed", ...ada });
  assertEquals(await next(socket, 1), [["list_update", "mine", "new"]]);
});

Deno.test("Lists.open() lists the statuses and the number of tasks asked for", async () => {
  await using server = await startTestServer();
  for (const id of ["a", "b", "c"]) await published(server, id, ada);
  await published(server, "d", { status: "failed", ...ada });
  await using socket = await openForLists(server, { sub: "ada" });
  const query = { mine: true, status: ["queued", "running"], limit: 2 };
  const frame = await list(socket, query);
  assertEquals([idsOf(frame), frame.complete], [["c", "b"], false]);
  await published(server, "c", { status: "succeeded" });
  assertEquals(await next(socket, 2), [
    ["list_remove", "mine", "c"],
    ["list_update", "mine", "a"],
  ]);
});

Deno.test("Lists.open() leaves out the user's tasks that the 'tasks' claim does not cover", async () => {
  await using server = await startTestServer();
  for (const id of ["a/1", "b/1"]) await published(server, id, ada);
  const claims = { sub: "ada", tasks: ["a/*"] };
  await using socket = await openForLists(server, claims);
  assertEquals(idsOf(await list(socket, { mine: true })), ["a/1"]);
  await published(server, "b/1", { status: "succeeded" });
  await published(server, "a/1", { status: "succeeded" });
  assertEquals(await next(socket, 1), [["list_update", "mine", "a/1"]]);
});

for (
  const [who, claims, query] of [
    ["a guest", undefined, { mine: true }],
    ["a guest", undefined, { labels: ["team:7"] }],
    ["the bearer of an expired token", { sub: "1", exp: 1 }, { mine: true }],
    ["a user without a 'labels' claim", { sub: "1" }, { labels: ["team:7"] }],
    ["a user with other labels", { sub: "1", labels: ["team:70", "team:8*"] }, {
      labels: ["team:7", "import"],
    }],
  ] as const
) {
  Deno.test(`Lists.open() forbids ${JSON.stringify(query)} to ${who}, and keeps the socket open`, async () => {
    await using server = await startTestServer();
    await published(server, "a", { user_id: "1", labels: ["team:7"] });
    await using socket = await openForLists(server, claims);
    if (claims && "exp" in claims) await socket.nextOf("error");
    const { message, ...error } = await list(socket, query);
    assertEquals(error, { type: "error", code: "forbidden", list: "mine" });
    assertEquals(typeof message, "string");
    await published(server, "a", { status: "failed" });
    await assertQuiet(socket);
    assertEquals(server.services.hub.lists.listCount, 0);
  });
}

Deno.test("Lists.open() forbids lists to a client whose token can't be checked, until a retry", async () => {
  await using server = await startTestServer({
    services: () => ({
      verifier: { verify: () => Promise.reject(new Error("down")) },
    }),
  });
  await using socket = await openForLists(server, { sub: "ada" });
  assertEquals((await socket.nextFrame()).code, "verifier_unavailable");
  const refusal = await list(socket, { mine: true });
  assertEquals(inShort(refusal), ["error", "mine", "forbidden"]);
  assert(Number(refusal.retry_after_ms) >= 500);
});

Deno.test("Lists.open() opens ten lists on a socket, and no more", async () => {
  await using server = await startTestServer();
  await using socket = await openForLists(server, { sub: "ada" });
  for (let count = 1; count <= 10; count += 1) {
    const query = { list: `list ${count}`, mine: true };
    assertEquals((await list(socket, query)).type, "list");
  }
  const { message: _, ...error } = await list(socket, { mine: true });
  assertEquals(error, { type: "error", code: "too_many_lists", list: "mine" });
  // An open list may be replaced, and an ended list makes room.
  const first = { list: "list 1", mine: true };
  assertEquals((await list(socket, first)).type, "list");
  await ask(socket, { type: "unsubscribe_list", list: "list 2" });
  assertEquals((await list(socket, { mine: true })).type, "list");
  assertEquals((await list(socket, { list: "x", mine: true })).type, "error");
  assertEquals(server.services.hub.lists.listCount, 10);
});

Deno.test("Lists.open() does not count forbidden lists", async () => {
  await using server = await startTestServer();
  await using socket = await openForLists(server, { sub: "ada" });
  for (let count = 1; count <= 20; count += 1) {
    const query = { list: `list ${count}`, labels: ["import"] };
    assertEquals((await list(socket, query)).code, "forbidden");
  }
  assertEquals((await list(socket, { mine: true })).type, "list");
});

Deno.test("Lists.open() replaces a list of the same name", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  await using socket = await openForLists(server, {
    sub: "ada",
    labels: ["import"],
  });
  await list(socket, { mine: true });
  assertEquals(idsOf(await list(socket, { labels: ["import"] })), []);
  await published(server, "a", { status: "succeeded" });
  await published(server, "b", { labels: ["import"], status: "failed" });
  assertEquals(await next(socket, 1), [["list_update", "mine", "b"]]);
  assertEquals(server.services.hub.lists.listCount, 1);
});

Deno.test("Lists.open() follows the label that few lists have", async () => {
  await using server = await startTestServer();
  await using socket = await openForLists(server, {
    sub: "ada",
    labels: ["team:*"],
  });
  for (const team of ["team:7", "team:8", "team:9"]) {
    await list(socket, { list: team, labels: ["import", team] });
  }
  const { hub } = server.services;
  assertEquals([hub.lists.listCount, hub.lists.topicCount], [3, 3]);
  for (const team of ["team:7", "team:9"]) {
    await published(server, team, {
      labels: ["import", team],
      status: "failed",
    });
  }
  assertEquals(await next(socket, 2), [
    ["list_update", "team:7", "team:7"],
    ["list_update", "team:9", "team:9"],
  ]);
});

Deno.test("Lists.end() ends a list: no frame comes after the answer", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  await using socket = await openForLists(server, { sub: "ada" });
  const frame = { type: "unsubscribe_list", list: "mine" };
  const answer = { type: "list_unsubscribed", list: "mine" };
  assertEquals(await ask(socket, frame), answer); // without a list
  await list(socket, { mine: true });
  await published(server, "a", {}); // pending for 100 ms
  assertEquals(await ask(socket, frame), answer);
  await published(server, "a", { status: "succeeded" });
  await assertQuiet(socket);
  assertEquals(server.services.hub.lists.listCount, 0);
});

Deno.test("Lists end with the socket", async () => {
  await using server = await startTestServer();
  const { hub } = server.services;
  const ended = allEnded(hub);
  {
    await using socket = await openForLists(server, { sub: "ada" });
    for (const name of ["one", "two"]) {
      await list(socket, { list: name, mine: true });
    }
    assertEquals(hub.lists.listCount, 2);
  }
  await ended;
  await published(server, "a", ada);
});

Deno.test("Lists.recheckAccess() changes nothing for a renewed token with the same rights", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  const claims = { sub: "ada", labels: ["import"] };
  await using socket = await openForLists(server, claims);
  await list(socket, { mine: true });
  await list(socket, { list: "imports", labels: ["import"] });
  const token = await signToken({ ...claims, jti: "another" });
  assertEquals((await ask(socket, { type: "auth", token })).user_id, "ada");
  await assertQuiet(socket);
  await published(server, "a", { status: "succeeded" });
  assertEquals(await next(socket, 1), [["list_update", "mine", "a"]]);
});

Deno.test("Lists.recheckAccess() takes away another user's tasks, then sends the lists anew", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  await published(server, "e", { user_id: "eve" });
  await published(server, "i", { labels: ["import"], ...ada });
  await using socket = await openForLists(server, {
    sub: "ada",
    labels: ["import"],
  });
  await list(socket, { mine: true });
  await list(socket, { list: "imports", labels: ["import"] });
  const token = await signToken({ sub: "eve" });
  assertEquals((await ask(socket, { type: "auth", token })).user_id, "eve");
  assertEquals(await next(socket, 5), [
    ["list_remove", "mine", "i"],
    ["list_remove", "mine", "a"],
    ["list_remove", "imports", "i"],
    ["error", "imports", "forbidden"],
    ["list", "mine"],
  ]);
  await published(server, "a", { status: "succeeded" });
  await published(server, "i", { status: "succeeded" });
  await published(server, "e", { status: "succeeded" });
  assertEquals(await next(socket, 1), [["list_update", "mine", "e"]]);
});

Deno.test("Lists.reopen() reads one list at a time, and no list that has ended meanwhile", async () => {
  using bench = new Listing();
  await bench.put("a", { labels: ["team:7", "team:8"] });
  const { connection, transport } = fakeConnection(1_000_000);
  let identity = userWithLabels("7", ["team:7", "team:8"]);
  const answers: (() => void)[] = [];
  let isHeld = false;
  const lists = new Lists(connection, {
    hub: bench.hub,
    store: {
      read: (id) => bench.store.read(id),
      async list(query) {
        if (isHeld) {
          await new Promise<void>((resolve) => answers.push(resolve));
        }
        return bench.store.list(query);
      },
    },
  }, {
    get identity() {
      return identity;
    },
    mayWatch: (taskId, task) => mayWatch(identity, taskId, task),
  });
  await lists.open({ list: "mine", mine: true });
  await lists.open({ list: "ended", labels: ["team:7"] });
  await lists.open({ list: "last", labels: ["team:8"] });
  transport.sent.length = 0;

  identity = userWithLabels("7", ["team:7", "team:8", "team:9"]);
  isHeld = true;
  lists.recheckAccess();
  const reopened = lists.reopen();
  await settle();
  assertEquals(answers.length, 1);
  lists.end("ended");
  answers[0]?.();
  await settle();
  assertEquals(answers.length, 2);
  answers[1]?.();
  await reopened;
  assertEquals(transport.frames.map(inShort), [
    ["list", "mine"],
    ["list", "last"],
  ]);
  connection.ended();
  assertEquals(bench.hub.lists.listCount, 0);
});

Deno.test("Lists.recheckAccess() takes away all tasks of a forbidden list, open tasks as well", async () => {
  await using server = await startTestServer();
  await published(server, "open", { labels: ["import"] });
  await using socket = await openForLists(server, {
    sub: "ada",
    labels: ["import"],
  });
  await list(socket, { labels: ["import"] });
  const token = await signToken({ sub: "ada", labels: ["export"] });
  assertEquals((await ask(socket, { type: "auth", token })).user_id, "ada");
  assertEquals(await next(socket, 2), [
    ["list_remove", "mine", "open"],
    ["error", "mine", "forbidden"],
  ]);
});

Deno.test("Lists.recheckAccess() judges the lists of a client whose token is rejected or expires", async () => {
  await using server = await startTestServer({
    config: { jwtLeewaySeconds: 0 },
  });
  await published(server, "a", ada);
  const expected = [
    ["auth"],
    ["error", "token_expired"],
    ["list_remove", "mine", "a"],
    ["error", "mine", "forbidden"],
  ];
  {
    await using socket = await openForLists(server, { sub: "ada" });
    await list(socket, { mine: true });
    const token = await signToken({ sub: "ada", exp: 1 });
    socket.send({ type: "auth", token });
    assertEquals(await next(socket, 4), expected);
    await assertQuiet(socket);
  }
  const exp = Math.ceil(Date.now() / 1_000) + 1;
  await using socket = await openForLists(server, { sub: "ada", exp });
  await list(socket, { mine: true });
  assertEquals(inShort(await socket.nextFrame()), ["token_expiring"]);
  assertEquals(await next(socket, 4), expected);
  await assertQuiet(socket);
});

Deno.test("Lists.open() sends the user's tasks after an auth frame and a second subscribe_list", async () => {
  await using server = await startTestServer();
  await published(server, "a", ada);
  await using socket = await openForLists(server);
  assertEquals((await list(socket, { mine: true })).code, "forbidden");
  const token = await signToken({ sub: "ada" });
  assertEquals((await ask(socket, { type: "auth", token })).user_id, "ada");
  assertEquals(idsOf(await list(socket, { mine: true })), ["a"]);
});

Deno.test("Lists show the same tasks as the API after many changes", async () => {
  await using server = await startTestServer();
  await using socket = await openForLists(server, { sub: "ada" });
  const frames = [await list(socket, { mine: true, limit: 5 })];
  for (let round = 0; round < 5; round += 1) {
    for (const id of ["a", "b", "c", "d", "e", "f", "g"]) {
      await published(server, id, { ...ada, progress: round / 5 });
    }
  }
  await published(server, "last", { ...ada, status: "failed" });
  const { states } = await server.services.store.list({
    owner: "ada",
    limit: 5,
  });
  const expected = states.map(({ snapshot }) => snapshot.connection_id);
  const isEqual = () =>
    JSON.stringify(ClientList.of(frames).ids.toSorted()) ===
      JSON.stringify(expected.toSorted());
  const becomesEqual = async () => {
    while (!isEqual()) frames.push(await socket.nextFrame());
  };
  await deadline(becomesEqual(), () => `${ClientList.of(frames).ids}`);
});

for (
  const [fault, members] of [
    ["neither mine nor labels", {}],
    ["both mine and labels", { mine: true, labels: ["import"] }],
    ["mine: false", { mine: false }],
    ["no labels", { labels: [] }],
    ["five labels", { labels: ["a", "b", "c", "d", "e"] }],
    ["an empty label", { labels: [""] }],
    ["a label of 65 characters", { labels: ["a".repeat(65)] }],
    ["labels that are no list", { labels: "import" }],
    ["limit 0", { mine: true, limit: 0 }],
    ["limit 501", { mine: true, limit: 501 }],
    ["a broken limit", { mine: true, limit: 1.5 }],
    ["an unknown status", { mine: true, status: ["paused"] }],
    ["no status", { mine: true, status: [] }],
    ["no name", { mine: true, list: undefined }],
    ["an empty name", { mine: true, list: "" }],
    ["a name of 65 characters", { mine: true, list: "a".repeat(65) }],
  ] as const
) {
  Deno.test(`RealtimeSession.handle() answers bad_frame to subscribe_list with ${fault}`, async () => {
    await using server = await startTestServer();
    await using socket = await openForLists(server, {
      sub: "ada",
      labels: ["*"],
    });
    const { type, code, list: name } = await list(socket, members);
    assertEquals([type, code], ["error", "bad_frame"]);
    assertEquals(name, "list" in members ? undefined : "mine");
    await assertQuiet(socket);
    assertEquals(server.services.hub.lists.listCount, 0);
  });
}

Deno.test("RealtimeSession.handle() takes the longest name, four labels, all statuses and both limits", async () => {
  await using server = await startTestServer();
  await using socket = await openForLists(server, {
    sub: "ada",
    labels: ["*"],
  });
  const name = "名".repeat(64);
  for (const limit of [1, 500]) {
    const frame = await list(socket, {
      list: name,
      labels: ["a", "b", "c", "d".repeat(64)],
      status: ["queued", "running", "lost", "succeeded", "failed", "canceled"],
      limit,
    });
    assertEquals([frame.type, frame.list], ["list", name]);
  }
});

Deno.test("Lists.open() asks the store for each status once", async () => {
  const asked: unknown[] = [];
  await using server = await startTestServer({
    services: ({ store }) => ({
      store: {
        ...store,
        list(query) {
          if (query.owner) asked.push(query.statuses);
          return store.list(query);
        },
      },
    }),
  });
  await using socket = await openForLists(server, { sub: "ada" });
  // The store in SQLite keeps a statement for each number of statuses.
  const status = ["running", "queued", "running"];
  assertEquals((await list(socket, { mine: true, status })).type, "list");
  assertEquals(asked, [["running", "queued"]]);
});
