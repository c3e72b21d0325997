import { assertEquals } from "@std/assert";
import {
  isTerminal,
  normalizeStatus,
  statuses,
  statusWords,
} from "../../src/tasks/status.ts";

/** Spec §2, 'Event rules', and the names of the statuses. */
const words = {
  queued: "queued pending waiting received delayed",
  running: "running started active executing progress retry retrying",
  succeeded: "succeeded success completed complete done",
  failed: "failed failure error crashed timed_out",
  canceled: "canceled cancelled revoked aborted",
};

for (const [status, list] of Object.entries(words)) {
  Deno.test(`normalizeStatus() understands synonyms for ${status}`, () => {
    for (const word of list.split(" ")) {
      const capitalized = word.charAt(0).toUpperCase() + word.slice(1);
      for (const variant of [word, word.toUpperCase(), capitalized]) {
        assertEquals(normalizeStatus(variant) as string, status, variant);
      }
    }
  });
}

Deno.test("normalizeStatus() returns undefined for other words", () => {
  const others = [
    "",
    "lost",
    "LOST",
    " running",
    "running ",
    "timed-out",
    "cancel",
    "toString",
    "__proto__",
    "queued pending",
  ];
  for (const word of others) {
    assertEquals(normalizeStatus(word), undefined, word);
  }
});

Deno.test("statusWords lists all words of normalizeStatus()", () => {
  assertEquals(
    statusWords.toSorted(),
    Object.values(words).flatMap((list) => list.split(" ")).toSorted(),
  );
});

Deno.test("isTerminal() holds for the last three statuses", () => {
  assertEquals(statuses.map((status) => [status, isTerminal(status)]), [
    ["queued", false],
    ["running", false],
    ["lost", false],
    ["succeeded", true],
    ["failed", true],
    ["canceled", true],
  ]);
});
