import { assertEquals } from "@std/assert";
import { mayWatch } from "../../src/auth/access.ts";
import type { Identity } from "../../src/auth/identity.ts";

function user(userId: string, tasks?: readonly string[]): Identity {
  const grant = { userId, scopes: new Set<string>(), ...(tasks && { tasks }) };
  return { status: "authenticated", userId, grant };
}

function rejected(status: "invalid_token" | "auth_error"): Identity {
  const rejection = { code: "token_expired", message: "" } as const;
  return { status, userId: "1", rejection };
}

const guest: Identity = { status: "guest", userId: "1" };

const table: [
  what: string,
  identity: Identity,
  owner: string | undefined,
  expected: boolean,
][] = [
  ["a guest an open task", guest, undefined, true],
  [
    "a bad token's bearer an open task",
    rejected("invalid_token"),
    undefined,
    true,
  ],
  [
    "an unchecked token's bearer an open task",
    rejected("auth_error"),
    undefined,
    true,
  ],
  ["a user an open task", user("7"), undefined, true],
  ["a guest no private task", guest, "7", false],
  ["a guest not even the task of the guest id", guest, "1", false],
  ["nor a bad token's bearer", rejected("invalid_token"), "1", false],
  ["nor an unchecked token's bearer", rejected("auth_error"), "1", false],
  ["a user the user's own task", user("7"), "7", true],
  ["a user with the guest id the user's own task", user("1"), "1", true],
  ["a user no other's task", user("7"), "8", false],
  ["ids that differ as text: a leading zero", user("07"), "7", false],
  ["ids that differ as text: letter case", user("Ann"), "ann", false],
  ["a user no task of an empty id", user("7"), "", false],
];

for (const [what, identity, owner, expected] of table) {
  Deno.test(`mayWatch() allows ${what}`, () => {
    assertEquals(mayWatch(identity, "upload_1", owner), expected);
  });
}

const claims: [tasks: string[], taskId: string, expected: boolean][] = [
  [[], "upload_1", false],
  [["upload_1"], "upload_1", true],
  [["upload_1"], "upload_12", false],
  [["upload_12"], "upload_1", false],
  [["Upload_1"], "upload_1", false],
  [["other", "upload_1"], "upload_1", true],
  [["upload_*"], "upload_1", true],
  [["upload_*"], "upload_", true],
  [["upload_*"], "upload", false],
  [["upload_*"], "my/upload_1", false],
  [["team/*"], "team/a/b", true],
  [["*"], "anything", true],
  [["a*c"], "abc", false],
  [["*_1"], "upload_1", false],
  [[""], "upload_1", false],
];

Deno.test("mayWatch() holds a token to its 'tasks', open tasks and own ones alike", () => {
  for (const [tasks, taskId, expected] of claims) {
    for (const owner of [undefined, "7"]) {
      assertEquals(
        mayWatch(user("7", tasks), taskId, owner),
        expected,
        `${JSON.stringify(tasks)} ${taskId} of ${owner}`,
      );
    }
  }
});

Deno.test("mayWatch() opens no other's task by a 'tasks' claim", () => {
  assertEquals(mayWatch(user("7", ["upload_1", "*"]), "upload_1", "8"), false);
});
