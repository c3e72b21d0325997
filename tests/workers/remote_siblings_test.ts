import { assertEquals } from "@std/assert";
import type { StatsReport } from "../../src/stats_report.ts";
import { createShared, linkWorker } from "../support/linked.ts";

const report: StatsReport = {
  startedAtMs: 1,
  connections: 2,
  totals: { published: 3, delivered: 4 },
  seconds: {
    from: 5,
    published: [],
    delivered: [],
    connections: [],
    p50Ms: [],
    p99Ms: [],
  },
};

Deno.test("createRemoteSiblings() brings what the other workers answer", async () => {
  const shared = createShared();
  await using one = linkWorker(shared);
  await using two = linkWorker(shared);
  const since: number[] = [];
  two.supervisor.answerSiblings((question) => {
    if (question.kind === "scrape") {
      return Promise.resolve({ kind: "scrape", text: "up 1\n" });
    }
    since.push(question.since);
    return Promise.resolve({ kind: "stats", report });
  });
  const { siblings } = one.supervisor;
  assertEquals(await siblings.scrape(), ["up 1\n"]);
  assertEquals(await siblings.reportStats(7), [report]);
  assertEquals(since, [7]);
});

Deno.test("createRemoteSiblings() does without those that don't listen yet", async () => {
  const shared = createShared();
  await using one = linkWorker(shared);
  const begins = linkWorker(shared);
  const scraping = one.supervisor.siblings.scrape();
  // It stays silent until it has gone.
  await begins[Symbol.asyncDispose]();
  assertEquals(await scraping, []);
});

Deno.test("createRemoteSiblings() has none where the supervisor has gone", async () => {
  const worker = linkWorker();
  await worker[Symbol.asyncDispose]();
  assertEquals(await worker.supervisor.siblings.scrape(), []);
  assertEquals(await worker.supervisor.siblings.reportStats(0), []);
});
