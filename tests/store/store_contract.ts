import type { Register } from "../support/needs.ts";
import { createTest, type OpenStore } from "./store_contract_bench.ts";
import { testBatches } from "./store_contract_batches.ts";
import { testDuplicates } from "./store_contract_duplicates.ts";
import { testFollowing } from "./store_contract_follow.ts";
import { testExpiry } from "./store_contract_expiry.ts";
import { testListing } from "./store_contract_list.ts";
import { testPublishing } from "./store_contract_publish.ts";
import { testReading, testReadingEvents } from "./store_contract_read.ts";
import { testServerChanges } from "./store_contract_server.ts";

/**
 * Registers the tests of the guarantees of every store (src/tasks/store.ts).
 *
 * @param register Registers a test.
 */
export function testStoreContract(
  name: string,
  open: OpenStore,
  register: Register = Deno.test,
): void {
  const test = createTest(name, open, register);
  testPublishing(test);
  testBatches(test);
  testDuplicates(test);
  testReading(test);
  testReadingEvents(test);
  testExpiry(test);
  testListing(test);
  testFollowing(test);
  testServerChanges(test);
}
