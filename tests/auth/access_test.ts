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
  ["an open task to a guest", guest, undefined, true],
  [
    "an open task to the bearer of a bad token",
    rejected("invalid_token"),
    undefined,
    true,
  ],
  [
    "an open task to the bearer of an unchecked token",
    rejected("auth_error"),
    undefined,
    true,
  ],
  ["an open task to a user", user("7"), undefined, true],
  ["a private task to a guest", guest, "7", false],
  ["the task of the guest id to a guest", guest, "1", false],
  [
    "the task of the guest id to the bearer of a bad token",
    rejected("invalid_token"),
    "1",
    false,
  ],
  [
    "the task of the guest id to the bearer of an unchecked token",
    rejected("auth_error"),
    "1",
    false,
  ],
  ["the user's own task to a user", user("7"), "7", true],
  ["the user's own task to a user with the guest id", user("1"), "1", true],
  ["the task of a different user to a user", user("7"), "8", false],
  ["ids that differ in a leading zero", user("07"), "7", false],
  ["ids that differ in letter case", user("Ann"), "ann", false],
  ["the task of an empty id to a user", user("7"), "", false],
];

for (const [what, identity, owner, expected] of table) {
  Deno.test(`mayWatch() ${expected ? "allows" : "refuses"} ${what}`, () => {
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

Deno.test("mayWatch() limits a token to its 'tasks', both open and private", () => {
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

Deno.test("mayWatch() refuses a different user's task despite a 'tasks' claim", () => {
  assertEquals(mayWatch(user("7", ["upload_1", "*"]), "upload_1", "8"), false);
});
