import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import {
  hasSameRights,
  mayCancel,
  mayList,
  mayWatch,
} from "../../src/auth/access.ts";
import type { Identity } from "../../src/auth/identity.ts";
import { covers, coversAny } from "../../src/tasks/task_limits.ts";

function user(
  userId: string,
  tasks?: readonly string[],
  labels?: readonly string[],
): Identity {
  const grant = {
    userId,
    scopes: new Set<string>(),
    ...(tasks && { tasks }),
    ...(labels && { labels }),
  };
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
    assertEquals(mayWatch(identity, "upload_1", { owner }), expected);
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
        mayWatch(user("7", tasks), taskId, { owner }),
        expected,
        `${JSON.stringify(tasks)} ${taskId} of ${owner}`,
      );
    }
  }
});

Deno.test("mayWatch() refuses a different user's task despite a 'tasks' claim", () => {
  const identity = user("7", ["upload_1", "*"]);
  assertEquals(mayWatch(identity, "upload_1", { owner: "8" }), false);
});

const labeled: [
  criterion: string,
  identity: Identity,
  task: { owner?: string; labels?: string[] },
  expected: boolean,
][] = [
  [
    "a different user's task with a covered label",
    user("7", undefined, ["team:*"]),
    { owner: "8", labels: ["import", "team:7"] },
    true,
  ],
  [
    "a different user's task with other labels",
    user("7", undefined, ["team:7"]),
    { owner: "8", labels: ["team:77"] },
    false,
  ],
  [
    "a different user's task without labels",
    user("7", undefined, ["*"]),
    { owner: "8" },
    false,
  ],
  [
    "an open task with other labels, without a 'tasks' claim",
    user("7", undefined, ["team:7"]),
    { labels: ["team:8"] },
    true,
  ],
  [
    "a task outside 'tasks' with a covered label",
    user("7", ["a"], ["team:7"]),
    { labels: ["team:7"] },
    true,
  ],
  [
    "a task outside 'tasks' with other labels",
    user("7", ["a"], ["team:7"]),
    { labels: ["team:8"] },
    false,
  ],
  [
    "a task outside 'tasks' with an empty 'labels' claim",
    user("7", ["a"], []),
    { labels: ["team:8"] },
    false,
  ],
];

for (const [criterion, identity, task, expected] of labeled) {
  Deno.test(`mayWatch() ${expected ? "allows" : "refuses"} ${criterion}`, () => {
    assertEquals(mayWatch(identity, "upload_1", task), expected);
  });
}

Deno.test("mayWatch() adds 'labels' to the rights of the other claims", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "*"), maxLength: 3 });
  const texts = fc.array(text, { maxLength: 3 });
  const claim = fc.option(texts, { nil: undefined });
  const owner = fc.constantFrom(undefined, "7", "8");
  fc.assert(
    fc.property(
      text,
      owner,
      texts,
      claim,
      claim,
      (id, owner, labels, tasks, allowed) => {
        const isCovered = coversAny(allowed ?? [], labels);
        const isListed = tasks === undefined || covers(tasks, id);
        const isTheirs = owner === undefined || owner === "7";
        const identity = user("7", tasks, allowed);
        const task = { owner, labels };
        assertEquals(
          mayWatch(identity, id, task),
          isCovered || (isListed && isTheirs),
        );
        // Nobody else ever cancels.
        assertEquals(
          mayCancel(identity, id, task),
          owner === "7" && (isCovered || isListed),
        );
      },
    ),
  );
});

Deno.test("mayCancel() refuses guests, and everybody for open tasks", () => {
  assertFalse(mayCancel(guest, "a", { owner: "1" }));
  assertFalse(mayCancel(user("7"), "a", {}));
  assertFalse(
    mayCancel(user("7", undefined, ["*"]), "a", { owner: "8", labels: ["x"] }),
  );
  assert(mayCancel(user("7"), "a", { owner: "7" }));
});

for (
  const [who, identity, labels, expected] of [
    ["own tasks to a guest", guest, [], false],
    [
      "own tasks to the bearer of a bad token",
      rejected("invalid_token"),
      [],
      false,
    ],
    [
      "own tasks to the bearer of an unchecked token",
      rejected("auth_error"),
      [],
      false,
    ],
    ["own tasks to a user", user("7"), [], true],
    ["own tasks to a user with a 'tasks' claim", user("7", ["a"]), [], true],
    ["labels to a guest", guest, ["import"], false],
    ["labels to a user without labels", user("7"), ["import"], false],
    [
      "labels to a user with no label",
      user("7", undefined, []),
      ["import"],
      false,
    ],
    ["labels to a user with another label", user("7", ["*"], ["team:7"]), [
      "team:70",
    ], false],
    ["labels to a user with one of them", user("7", [], ["team:7"]), [
      "import",
      "team:7",
    ], true],
    [
      "labels to a user with a prefix",
      user("7", [], ["team:*"]),
      ["team:7"],
      true,
    ],
  ] as [string, Identity, string[], boolean][]
) {
  Deno.test(`mayList() ${expected ? "allows" : "refuses"} ${who}`, () => {
    assertEquals(mayList(identity, labels), expected);
  });
}

Deno.test("hasSameRights() compares users, 'tasks' and 'labels', and nothing else", () => {
  const later = user("7", ["a"], ["b"]);
  if (later.status !== "authenticated") throw new Error(later.status);
  const grant = { ...later.grant, expiresAtMs: 1, scopes: new Set(["admin"]) };
  assert(hasSameRights(user("7", ["a"], ["b"]), { ...later, grant }));
  assert(hasSameRights(guest, rejected("invalid_token")));
  for (
    const other of [
      guest,
      user("8", ["a"], ["b"]),
      user("7", undefined, ["b"]),
      user("7", ["a", "c"], ["b"]),
      user("7", ["a"]),
      user("7", ["b"], ["a"]),
    ]
  ) assertFalse(hasSameRights(user("7", ["a"], ["b"]), other));
  assertFalse(hasSameRights(user("1"), guest));
});
