/**
 * Measures lists: a thousand sockets, each with the list of a user's tasks, and
 * 5,000 changes a second of ten thousand tasks. Checks that every list ends as
 * the API lists the tasks, and that no task is sent more than ten times a
 * second. Prints the memory per list, and the processor time with and without
 * lists.
 *
 * Arguments: the names of deployments; all by default.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { delay } from "../../src/async/delay.ts";
import { printLine } from "../../src/terminal/output.ts";
import { childrenOf } from "../support/child_processes.ts";
import { type Deployment, deployments } from "../support/deployments.ts";
import { has } from "../support/needs.ts";
import type { Nodes } from "../support/nodes.ts";
import { allowOpenFiles } from "../support/open_files.ts";
import { residentBytes } from "../support/resident_memory.ts";
import type { Frame } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";
import { upTo } from "../support/watching.ts";
import { cpuMicroseconds } from "./growth/pinned.ts";
import { Changes, userCount, userId } from "./lists/changes.ts";
import { ListedUser } from "./lists/listed_user.ts";

const changesPerSecond = 5_000;
const seconds = 10;

/** The lists of a socket for measuring the memory; ten are permitted. */
const extraLists = upTo(9).map((number) => `extra-${number}`);

/** The most frames of one task within a second, besides the end of the task. */
const maxFramesPerSecond = 10;

/** The sockets of a process, and the files of the process. */
const openFiles = 4_000;

/** The number of sockets opened, or users compared, at a time. */
const atOnce = 50;

/** The time for memory and sockets to settle, in milliseconds. */
const restMs = 2_000;

async function forEachUser(
  work: (number: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < userCount) await work(next++);
  }));
}

async function openUsers(
  nodes: Nodes,
  onFault: (fault: Error) => void,
): Promise<ListedUser[]> {
  const users: ListedUser[] = [];
  await forEachUser(async (number) => {
    const token = await signToken({ sub: userId(number) });
    const url = nodes.at(number)
      .ws(`/ws/realtime/lists?watch=false&token=${token}`);
    users[number] = await ListedUser.open(url, onFault);
  });
  return users;
}

/** Returns the memory of a list with ten tasks, in bytes of all processes. */
async function measureMemory(
  pids: readonly number[],
  users: readonly ListedUser[],
): Promise<number> {
  const resident = () => pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
  const [first = "", ...others] = extraLists;
  await forEachUser(async (number) => await users[number]?.list(first));
  await delay(restMs); // loaded code does not count
  const before = resident();
  for (const name of others) {
    await forEachUser(async (number) => await users[number]?.list(name));
  }
  await delay(restMs);
  const bytes = resident() - before;
  for (const user of users) for (const name of extraLists) user.unlist(name);
  return bytes / (others.length * userCount);
}

/** Asserts that each list is what the API lists. */
async function compareLists(
  nodes: Nodes,
  users: readonly ListedUser[],
): Promise<number> {
  let tasks = 0;
  await forEachUser(async (number) => {
    const query = `user_id=${userId(number)}&limit=1000`;
    const answer = (await nodes.at(number + 1).call(`GET /api/tasks?${query}`))
      .json();
    const stored = (answer.tasks as Frame[]).map(withoutEstimates);
    const listed = [...users[number]?.tasks.values() ?? []]
      .map(withoutEstimates);
    assertEquals(listed.toSorted(byId), stored.toSorted(byId));
    tasks += stored.length;
  });
  return tasks;
}

/** Estimates end with time, without a change. */
function withoutEstimates({ rate: _rate, eta: _eta, ...task }: Frame): Frame {
  return task;
}

function byId(one: Frame, other: Frame): number {
  return String(one.connection_id) < String(other.connection_id) ? -1 : 1;
}

async function measure({ name, start }: Deployment): Promise<void> {
  await using deployed = await start({ TASKWIRE_HISTORY_LIMIT: "1000" });
  const { nodes } = deployed;
  const pids = nodes.all.flatMap(({ pid }) => [pid, ...childrenOf(pid)]);
  for (const pid of pids) await allowOpenFiles(pid, openFiles);
  const faults: Error[] = [];
  const changes = new Changes((request) => nodes.at(request).origin);
  await changes.begin();
  const users = await openUsers(nodes, (fault) => faults.push(fault));

  /** Publishes, and returns the rate and the processor time in cores. */
  async function load() {
    const cpu = () => pids.reduce((sum, pid) => sum + cpuMicroseconds(pid), 0);
    const [before, startedAtMs] = [cpu(), performance.now()];
    const rate = await changes.run(changesPerSecond, seconds);
    const elapsedMs = performance.now() - startedAtMs;
    return { rate, cores: (cpu() - before) / 1_000 / elapsedMs };
  }

  const without = await load();
  const bytesPerList = await measureMemory(pids, users);
  await forEachUser(async (number) => await users[number]?.list());
  const during = await load();
  await delay(restMs);
  const tasks = await compareLists(nodes, users);
  assertEquals(faults, []);
  const most = Math.max(...users.map(({ mostInWindow }) => mostInWindow));
  const updates = users.reduce((sum, { updates }) => sum + updates, 0);
  for (const user of users) user.close();
  printLine(
    `${name}: ${during.rate.toFixed(0)} changes/s, ${
      (updates / seconds).toFixed(0)
    } updates/s to ${userCount} lists; all lists with ${tasks} tasks as stored; at most ${most} frames of a task in a second; ${
      (bytesPerList / 1_024).toFixed(1)
    } KiB a list; CPU ${during.cores.toFixed(2)} cores, without lists ${
      without.cores.toFixed(2)
    } (${without.rate.toFixed(0)} changes/s)`,
  );
  if (most > maxFramesPerSecond) {
    throw new Error(`${most} frames of a task in a second`);
  }
}

if (import.meta.main) {
  await allowOpenFiles(Deno.pid, openFiles);
  for (const deployment of deployments) {
    const { name, needs } = deployment;
    if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
    if (has(...needs)) await measure(deployment);
  }
}
