import { assert, assertEquals } from "@std/assert";
import { createServices } from "../../src/create_services.ts";
import { createSiblingAnswers } from "../../src/workers/answer_sibling.ts";
import { testConfig } from "../support/server.ts";

Deno.test("createSiblingAnswers() tells what this worker does", async () => {
  const services = await createServices(testConfig(), undefined, { worker: 2 });
  const answer = createSiblingAnswers(services);
  await services.store.publish("a", {});
  const scraped = await answer({ kind: "scrape" });
  assert(scraped.kind === "scrape" && scraped.text.includes('worker="2"'));
  const told = await answer({ kind: "stats", since: 0 });
  assert(told.kind === "stats");
  assertEquals(told.report.totals, { published: 1, delivered: 0 });
});
