import { assert, assertEquals } from "@std/assert";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { TopicAnnouncement } from "../../src/tasks/store.ts";
import type { Bench, Test } from "./store_contract_bench.ts";

/** Following the tasks of an owner, or with a label. */
export function testFollowing(test: Test): void {
  test("follow() announces every change of a topic's tasks before publish() resolves", async (bench) => {
    const { store, put, ofTopics } = bench;
    await store.follow("owner:7", true);
    await store.follow("label:rows", true);
    const newest = async (id: string) => {
      const announcement = ofTopics.at(-1);
      assert(announcement?.kind === "topic_changed");
      assertEquals(announcement.state, (await store.read(id)).state);
    };
    await put("mine", { user_id: "7", data: { nested: ["\n"] } });
    await newest("mine");
    await put("labeled", { labels: ["team:7", "rows"], title: "t" });
    await newest("labeled");
    await put("both", { user_id: "7", labels: ["rows"] });
    await newest("both");
    await put("mine", { status: "succeeded" });
    await newest("mine");
    assertEquals(shortOf(bench, "mine"), ["1 running", "2 succeeded"]);
  });

  test("follow() announces the changes of all tasks, each once", async (bench) => {
    const { store, put } = bench;
    await store.follow("all", true);
    await store.follow("owner:7", true);
    await put("open");
    await put("open", { status: "succeeded" });
    await put("mine", { user_id: "7", labels: ["rows"] });
    await store.forget("open");
    assertEquals(
      ["open", "mine"].map((id) => shortOf(bench, id)),
      [["1 running", "2 succeeded", "deleted"], ["1 running"]],
    );
  });

  test("follow() announces changes at once in the order of each task", async (bench) => {
    const { store } = bench;
    await store.follow("label:rows", true);
    const draft = { labels: ["rows"] };
    const ids = ["x", "y", "z"];
    await store.publishAll(
      Array.from({ length: 150 }, (_, index) => ({
        taskId: ids[index % ids.length] ?? "",
        change: draft,
      })),
    );
    for (const id of ids) {
      const offsets = shortOf(bench, id).map((text) => parseInt(text));
      assertEquals(offsets, [...new Set(offsets)].sort((a, b) => a - b));
      assertEquals(offsets.at(-1), 50);
    }
  });

  test("follow() announces the end of an attempt that is retried at once", async (bench) => {
    const { store, put } = bench;
    await store.follow("owner:7", true);
    await put("x", { user_id: "7" });
    const drafts: EventDraft[] = [
      { status: "failed" },
      { attempt: 2 },
      { attempt: 2, status: "canceled" },
      { attempt: 3 },
    ];
    await store.publishAll(
      drafts.map((change) => ({ taskId: "x", change })),
    );
    assertEquals(
      shortOf(bench, "x").filter((text) => text !== "3 running"),
      ["1 running", "2 failed", "4 canceled", "5 running"],
    );
  });

  test("follow() announces the first request to cancel, but no heartbeat", async (bench) => {
    const { store, put, ofTopics } = bench;
    await store.follow("owner:7", true);
    await put("x", { user_id: "7", lease: 100 });
    await store.publish("x", { kind: "heartbeat" });
    await store.publish("x", { kind: "heartbeat", lease: 200 });
    await store.publish("x", { kind: "cancel" });
    await store.publish("x", { kind: "cancel" });
    const requested = ofTopics.map((announcement) =>
      announcement.kind === "topic_changed" &&
      announcement.state.cancelRequested === true
    );
    assertEquals(requested, [false, true]);
  });

  test("follow() announces a deletion with the task's topics", async (bench) => {
    const { store, put, ofTopics } = bench;
    await store.follow("owner:7", true);
    // Nested as deeply as an event may be.
    const data = JSON.parse("[".repeat(1_000) + "]".repeat(1_000));
    await put("x", { user_id: "7", labels: ["rows", "team:7"], data });
    assertEquals(await store.forget("x"), true);
    assertEquals(ofTopics.at(-1), {
      kind: "topic_deleted",
      taskId: "x",
      owner: "7",
      labels: ["rows", "team:7"],
    });
    await put("x", { user_id: "7" });
    assertEquals(shortOf(bench, "x").slice(1), ["deleted", "1 running"]);
  });
}

/** Lists the announcements about a task in short: offset and status, or the kind. */
function shortOf({ ofTopics }: Bench, taskId: string): string[] {
  return ofTopics.flatMap((announcement: TopicAnnouncement) => {
    if (announcement.kind === "topic_changed") {
      const { connection_id, offset, status } = announcement.state.snapshot;
      return connection_id === taskId ? [`${offset} ${status}`] : [];
    }
    return announcement.kind === "topic_deleted" &&
        announcement.taskId === taskId
      ? ["deleted"]
      : [];
  });
}
