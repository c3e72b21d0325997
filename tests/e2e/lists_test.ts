import { assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import type { TaskDescription } from "../../src/tasks/event.ts";
import { ClientList } from "../support/client_list.ts";
import { deadline } from "../support/deadline.ts";
import { callAnew, deployments } from "../support/deployments.ts";
import { needs } from "../support/needs.ts";
import type { Nodes } from "../support/nodes.ts";
import { openForLists } from "../support/realtime.ts";
import { scrape } from "../support/scrape.ts";
import { testApiKey as key } from "../support/server.ts";
import type { Frame } from "../support/socket.ts";
import { SseClient } from "../support/sse_client.ts";
import { signToken } from "../support/tokens.ts";
import { upTo } from "../support/watching.ts";

const users = ["ada", "bob", "eve"];
const tasksOfUser = 20;
const publishers = 8;
const callsOfPublisher = Deno.env.get("TASKWIRE_LOAD") === "full" ? 500 : 50;

/** A list, in the forms of sockets, streams and the API. */
interface Query {
  readonly sub: string;
  readonly frame: Frame;
  readonly stream: string;
  readonly api: string;
}

const queries: readonly Query[] = [
  ...users.flatMap((sub) => [
    {
      sub,
      frame: { mine: true },
      stream: "mine=true",
      api: `user_id=${sub}&limit=100`,
    },
    {
      sub,
      frame: { mine: true, status: ["running"], limit: 5 },
      stream: "mine=true&status=running&limit=5",
      api: `user_id=${sub}&status=running&limit=5`,
    },
  ]),
  {
    sub: "max",
    frame: { labels: ["team:1", "even"], limit: 500 },
    stream: "label=team:1&label=even&limit=500",
    api: "label=team:1&label=even&limit=500",
  },
];

/** The claims of every token: the users see the list by labels, too. */
const labels = ["team:*"];

/** A list of a client, on a socket or a stream. */
class FollowedList {
  readonly #query: Query;
  readonly #next: () => Promise<Frame>;
  readonly #list = new ClientList();
  /** The number of frames after the first. */
  changes = -1;

  constructor(query: Query, next: () => Promise<Frame>) {
    this.#query = query;
    this.#next = next;
  }

  async read(): Promise<void> {
    this.#list.take(await this.#next());
    this.changes += 1;
  }

  /** Reads frames until the list is equal to the answer of the API. */
  async endsAsIn(nodes: Nodes): Promise<void> {
    const path = `GET /api/tasks?${this.#query.api}`;
    const answer = await callAnew(nodes.at(0).origin, path, { key });
    const expected = versionsOf(answer.json().tasks as TaskDescription[]);
    const reading = async () => {
      while (versionsOf(this.#list.tasks).join() !== expected.join()) {
        await this.read();
      }
    };
    await deadline(
      reading(),
      () => `${path}: ${versionsOf(this.#list.tasks)} is not ${expected}`,
    );
  }
}

/** Returns the snapshots as texts, in an order that does not depend on the time. */
function versionsOf(tasks: readonly TaskDescription[]): string[] {
  return tasks.map((task) => JSON.stringify(task)).sort();
}

/** Opens a list on a socket or a stream, and reads the first frame. */
async function openList(
  nodes: Nodes,
  query: Query,
  index: number,
  stack: AsyncDisposableStack,
): Promise<FollowedList> {
  const node = nodes.at(index);
  const claims = { sub: query.sub, labels };
  async function openSocket() {
    const socket = stack.use(await openForLists(node, claims));
    socket.send({ type: "subscribe_list", list: "mine", ...query.frame });
    return () => socket.nextFrame();
  }
  async function openStream() {
    const token = await signToken(claims);
    const client = stack.use(
      await SseClient.openList(node, {
        query: `?${query.stream}`,
        headers: { Authorization: `Bearer ${token}` },
      }),
    );
    await client.nextOf("connected");
    return async () => JSON.parse((await client.next()).data ?? "");
  }
  const next = await (index % 2 === 0 ? openSocket() : openStream());
  const list = new FollowedList(query, next);
  await list.read();
  return list;
}

/** Publishes, deletes and cancels at random, over new connections. */
async function changeTasks(nodes: Nodes): Promise<void> {
  for (const count of upTo(callsOfPublisher)) {
    const user = users[random(users.length)];
    const number = random(tasksOfUser);
    const path = `/api/tasks/${user}-${number}`;
    const { origin } = nodes.random();
    const dice = random(10);
    if (dice === 0) {
      await callAnew(origin, `DELETE ${path}`, { key });
    } else if (dice === 1) {
      await callAnew(origin, `POST ${path}/cancel`, { key });
    } else {
      const status = dice === 2 ? "succeeded" : dice < 5 ? "queued" : "running";
      const labels = [
        `team:${number % 3}`,
        ...(number % 2 === 0 ? ["even"] : []),
      ];
      const body = { user_id: user, labels, status, message: `${count}` };
      const answer = await callAnew(origin, `POST ${path}/events`, {
        key,
        body,
      });
      // 409: the task has ended.
      if (answer.status !== 409) assertEquals(answer.status, 201, answer.text);
    }
  }
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}

/** Checks that each of several workers has sockets or streams. */
async function assertSpread({ all }: Nodes): Promise<void> {
  for (const { origin } of all) {
    const { samples } = await scrape(origin);
    for (const worker of upTo(samples.get("taskwire_workers") ?? 0)) {
      const name = `taskwire_sockets{worker="${worker}"}`;
      assertGreater(samples.get(name), 0, name);
    }
  }
}

for (const { name, needs: needed, start } of deployments) {
  needs(...needed)(
    `every list ends as in GET /api/tasks (${name})`,
    async () => {
      await using deployed = await start();
      await using stack = new AsyncDisposableStack();
      const { nodes } = deployed;
      // Each query on two sockets and two streams.
      const openAll = () =>
        Promise.all(
          queries.flatMap((query) =>
            [0, 1].map((index) => openList(nodes, query, index, stack))
          ),
        );
      const early = await openAll();
      const publishing = Promise.all(
        upTo(publishers).map(() => changeTasks(nodes)),
      );
      const lists = [...early, ...await openAll()];
      await publishing;
      await assertSpread(nodes);
      await Promise.all(lists.map((list) => list.endsAsIn(nodes)));

      // No frame sent before, and not read yet, makes a list differ again.
      await Promise.all(
        users.map((user) =>
          nodes.at(0).publish(`${user}-last`, {
            user_id: user,
            labels: ["team:1", "even"],
          })
        ),
      );
      await Promise.all(lists.map((list) => list.endsAsIn(nodes)));
      const changes = lists.reduce((sum, list) => sum + list.changes, 0);
      assertGreater(changes, lists.length);
      printLine(
        `${name}: ${
          publishers * callsOfPublisher
        } calls; ${lists.length} lists on sockets and streams took ${changes} frames, and are equal to GET /api/tasks`,
      );
    },
  );
}
