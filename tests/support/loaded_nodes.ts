import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { compareHistories } from "./compare_histories.ts";
import { Nodes, type NodesOptions, type TaskwireNode } from "./nodes.ts";
import { RetryingPublishers } from "./retrying_publishers.ts";
import { UnbrokenWatcher } from "./unbroken_watcher.ts";
import { upTo } from "./watching.ts";

/** Tasks with events all the time. */
const busyTasks = upTo(6).map((index) => `busy/${index}`);

/** A task with a few events, but none while publishers publish. */
const quietTask = "quiet/1";

/**
 * The fate of the history: `intact`, so watchers need no second `sync`; `kept`,
 * with all acknowledged events, though watchers had to begin anew; or `gone`,
 * so only later acknowledgements count.
 */
export type Fate = "intact" | "kept" | "gone";

/** A watcher and the watched task. */
export interface Watching {
  readonly task: string;
  readonly node: TaskwireNode;
  readonly watcher: UnbrokenWatcher;
}

/**
 * Three nodes under load: publishers retrying at any node, and watchers of
 * every task at every node. Watchers never reconnect. Disposing stops nodes and
 * load.
 */
export class LoadedNodes implements AsyncDisposable {
  readonly nodes: Nodes;
  readonly publishers: RetryingPublishers;
  readonly watchings: Watching[] = [];
  readonly #stack = new AsyncDisposableStack();

  private constructor(nodes: Nodes) {
    this.nodes = this.#stack.use(nodes);
    this.publishers = new RetryingPublishers({
      tasks: busyTasks,
      node: () => nodes.random(),
    });
  }

  /** Starts all, and waits until events flow. */
  static async start(options: NodesOptions): Promise<LoadedNodes> {
    await using stack = new AsyncDisposableStack();
    const nodes = await Nodes.start(options);
    const loaded = stack.use(new LoadedNodes(nodes));
    for (let count = 0; count < 3; count += 1) {
      await nodes.random().publish(quietTask, { event_id: `quiet-${count}` });
    }
    for (const task of [...busyTasks, quietTask]) {
      for (const node of nodes.all) loaded.watch(node, task);
    }
    await loaded.each(({ watcher }) =>
      watcher.until(({ life }) => life !== undefined)
    );
    loaded.publishers.start();
    await loaded.publishers.acknowledgements(200);
    stack.move();
    return loaded;
  }

  /** The watchers of the quiet task. */
  get quiet(): readonly Watching[] {
    return this.watchings.filter(({ task }) => task === quietTask);
  }

  /** Publishes an event of the quiet task at a node. Returns the offset. */
  async publishQuietly(node = this.nodes.random()): Promise<number> {
    const event = { event_id: crypto.randomUUID() };
    return Number((await node.publish(quietTask, event)).offset);
  }

  /** Waits until all watchers of the quiet task have seen an offset. */
  async quietSeen(offset: number): Promise<void> {
    await Promise.all(
      this.quiet.map(({ watcher }) =>
        watcher.until((watcher) => watcher.offset >= offset)
      ),
    );
  }

  /** Adds a watcher. */
  watch(node: TaskwireNode, task = busyTasks[0] ?? ""): UnbrokenWatcher {
    const watcher = this.#stack.use(new UnbrokenWatcher(node.origin, task));
    this.watchings.push({ task, node, watcher });
    return watcher;
  }

  /** Runs a function for all watchers at once. */
  async each(work: (watching: Watching) => Promise<void>): Promise<void> {
    await Promise.all(this.watchings.map(work));
  }

  /** Waits until nodes answer 503, to publishers and as readiness. */
  async unavailable(nodes: readonly TaskwireNode[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.publishers.refusal(node)));
    assertEquals(await readinessOf(nodes), nodes.map(() => 503));
  }

  /** Waits until nodes take events again, and are ready. */
  async available(nodes: readonly TaskwireNode[]): Promise<void> {
    await this.publishers.acknowledgements(200);
    await Promise.all(nodes.map((node) => this.publishers.acceptance(node)));
    assertEquals(await readinessOf(nodes), nodes.map(() => 200));
  }

  /**
   * Stops publishing, waits until all watchers have seen the last event, and
   * compares acknowledged, found and seen events.
   *
   * @param forgiven The number of first acknowledgements that Redis itself may
   * have forgotten.
   */
  async conclude(title: string, fate: Fate, forgiven = 0): Promise<void> {
    const { publishers, nodes } = this;
    await publishers.stop();
    await this.publishQuietly();
    const epochs = new Map<string, string>();
    const tasks = [...new Set(this.watchings.map(({ task }) => task))];
    for (const task of tasks) {
      const path = `GET /api/tasks/${encodeURIComponent(task)}`;
      epochs.set(task, String((await nodes.random().call(path)).json().epoch));
    }
    const { found, lost, duplicated, heads, histories } =
      await compareHistories(
        nodes,
        tasks,
        publishers.acknowledged.slice(forgiven).filter(({ task, epoch }) =>
          fate !== "gone" || epoch === epochs.get(task)
        ),
      );
    await this.each(({ task, watcher }) =>
      watcher.until(({ life, offset }) =>
        life?.epoch === epochs.get(task) && offset >= (heads.get(task) ?? 0)
      )
    );
    let gaps = 0, false_ = 0, syncs = 0;
    for (const { task, watcher } of this.watchings) {
      if (!watcher.isContiguous || watcher.offset !== heads.get(task)) {
        gaps += 1;
      }
      syncs += watcher.lives.length - 1;
      for (const { offset, event_id } of histories.get(task) ?? []) {
        const seen = watcher.life?.eventIds.get(offset);
        if (seen !== undefined && seen !== event_id) false_ += 1;
      }
    }
    const others = this.watchings.flatMap(({ watcher }) => watcher.others);
    const sum = [...publishers.refusals.values()].reduce((a, b) => a + b, 0);
    printLine(
      `${title}: acknowledged ${publishers.acknowledged.length}, found ${found}, lost ${lost}, duplicated ${duplicated}; answered 503 ${sum} times, within ${
        (publishers.slowestRefusalMs / 1_000).toFixed(1)
      } s; ${this.watchings.length} watchers, none closed: ${syncs} more syncs, ${gaps} with a gap, ${false_} false events`,
    );
    assertEquals(
      { lost, duplicated, gaps, false_, others },
      { lost: 0, duplicated: 0, gaps: 0, false_: 0, others: [] },
    );
    if (fate === "intact") assertEquals(syncs, 0);
    else assertGreaterOrEqual(syncs, 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.publishers.stop();
    await this.#stack.disposeAsync();
  }
}

async function readinessOf(nodes: readonly TaskwireNode[]): Promise<number[]> {
  const answers = await Promise.all(
    nodes.map((node) => node.call("GET /readyz")),
  );
  return answers.map(({ status }) => status);
}
