import { assertEquals, assertStringIncludes } from "@std/assert";
import { maxConnectionIdLength, taskIdFault } from "../../src/tasks/task_id.ts";

Deno.test("maxConnectionIdLength is the spec's", () => {
  assertEquals(maxConnectionIdLength, 256);
});

const good: Record<string, string> = {
  "one character": "a",
  "what backends send": "upload_123456",
  "slashes": "team/7/upload",
  "spaces, quotes and percent signs": ' "100%" ',
  "another script": "上传_1",
  "a name of every object": "__proto__",
  "three dots": "...",
  "a dot in a path": "a/./b",
  "256 characters": "a".repeat(256),
  "256 characters of two code units": "😀".repeat(256),
};

for (const [what, id] of Object.entries(good)) {
  Deno.test(`taskIdFault() finds none in ${what}`, () => {
    assertEquals(taskIdFault(id), undefined);
  });
}

const bad: Record<string, [id: string, says: string]> = {
  "nothing": ["", "empty"],
  "257 characters": ["a".repeat(257), "longer than 256"],
  "257 characters of two code units": ["😀".repeat(257), "longer than 256"],
  "a null": ["a\0b", "control character"],
  "a line feed at the end": ["a\n", "control character"],
  "an escape": ["\x1b[2J", "control character"],
  "a delete": ["a\x7f", "control character"],
  "a control character above ASCII": ["a\x85b", "control character"],
  "half a surrogate pair": ["a\ud83d", "not valid Unicode"],
  "the other half": ["\ude00a", "not valid Unicode"],
  "the folder itself": [".", "is . or .."],
  "the folder above": ["..", "is . or .."],
};

for (const [what, [id, says]] of Object.entries(bad)) {
  Deno.test(`taskIdFault() objects to ${what}`, () => {
    assertStringIncludes(taskIdFault(id) ?? "", says);
  });
}
