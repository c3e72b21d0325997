import { assert, assertEquals, assertExists } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readDeployFile } from "../../src/deploy/deploy_file.ts";
import { runProgram } from "../support/foreign_program.ts";
import { needs } from "../support/needs.ts";
import {
  anchorsOf,
  blocksOf,
  markdownTable,
  readme,
  settingColumns,
  settingRows,
  tableOf,
  targetsOf,
} from "../support/readme.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { program, serve } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const root = new URL("../../", import.meta.url);

/** Blocks of README that are not run here, by their first line, and why not. */
const exceptions: Readonly<Record<string, string>> = {
  "npx -y deno@2.9.6 task start":
    "the server of this test is started by the flags of that task",
  "npx -y deno@2.9.6 task test": "that is what runs this test; .ci/run runs it",
  "alias taskwire='npx -y deno@2.9.6 task -q start'":
    "here 'taskwire' is the program under test",
  "export TASKWIRE_JWT_SECRET=$(openssl rand -base64 32)":
    "the server of this test has its keys already",
  "cd src/docs/recipes && celery -A tasks worker":
    "runs until it is stopped, and needs Celery: recipes_test.ts",
  "cd src/docs/recipes && REDIS_URL=redis://127.0.0.1:6379 node bullmq.mjs videos":
    "runs until it is stopped, and needs Redis: recipes_test.ts",
  "cd src/docs/recipes && uvicorn fastapi_backend:app --port 9000":
    "runs until it is stopped, and needs FastAPI: recipes_test.ts",
  "npx -y deno@2.9.6 task compile": "takes a minute; .ci/run compiles",
  "install -m 0755 dist/taskwire /usr/local/bin/taskwire":
    "installs into the machine; deploy's own tests look at the unit",
  "cp dist/taskwire . && taskwire print dockerfile > Dockerfile":
    "needs the binary and Docker",
  "taskwire serve --workers auto": "runs until it is stopped: workers_test.ts",
  "systemctl stop taskwire": "needs systemd, and the unit installed",
};

const blocks = blocksOf(readme, "sh");
const firstLineOf = (block: string) => block.split("\n")[0] ?? "";
const isException = (block: string) =>
  Object.hasOwn(exceptions, firstLineOf(block));

Deno.test("README has each block that is listed as not run, once", () => {
  const listed = blocks.filter(isException).map(firstLineOf);
  assertEquals(listed.toSorted(), Object.keys(exceptions).toSorted());
});

/** `taskwire` on the path: the program under test. */
async function installTaskwire(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/bin`);
  const words = program().map((word) => `'${word}'`).join(" ");
  const path = `${folder}/bin/taskwire`;
  await Deno.writeTextFile(path, `#!/bin/sh\nexec ${words} "$@"\n`, {
    mode: 0o755,
  });
}

needs("bash", "curl", "node", "python3")(
  "README's shell commands work, in order, in an empty folder",
  async () => {
    await using folder = await makeTempDir();
    const cwd = folder.path;
    await installTaskwire(cwd);
    await Deno.symlink(fileURLToPath(new URL("src", root)), `${cwd}/src`);
    const keys = {
      TASKWIRE_JWT_SECRET: testSecret,
      TASKWIRE_API_KEYS: testApiKey,
    };
    await using served = await serve([], { cwd, env: keys });
    const { host, port } = new URL(served.origin);
    const env = {
      ...keys,
      PATH: `${cwd}/bin:${Deno.env.get("PATH")}`,
      // The other commands' default server is this one.
      TASKWIRE_PORT: port,
      TASKWIRE_URL: served.origin,
      STEP_SECONDS: "0",
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const run = blocks.filter((block) => !isException(block));
    assert(run.length > 10, `${run.length} blocks`);
    for (const block of run) {
      const script = block.replaceAll("127.0.0.1:8000", host)
        // An answer of 4xx is a failure too.
        .replaceAll(/^curl /gm, "curl --no-progress-meter --fail-with-body ");
      const { code, stdout, stderr } = await runProgram(
        ["bash", "-euo", "pipefail", "-c", script],
        { cwd, env },
      );
      assertEquals(code, 0, `${block}\n${stdout}\n${stderr}`);
    }
  },
);

Deno.test("README's links lead to headings and files that are there", async () => {
  const anchors = new Set(anchorsOf(readme).map((anchor) => `#${anchor}`));
  const targets = targetsOf(readme);
  assert(targets.length > 30, `${targets.length} links`);
  const isBroken = async (target: string) => {
    if (target.startsWith("#")) return !anchors.has(target);
    if (/^https:\/\/[\w.-]+(?:\/|$)/.test(target)) return false;
    return !await Deno.stat(new URL(target, root))
      .then(({ isFile }) => isFile, () => false);
  };
  const broken = await Promise.all(
    targets.map(async (target) => (await isBroken(target)) ? [target] : []),
  );
  assertEquals(broken.flat(), []);
});

Deno.test("README's table of variables is what src/config/settings.ts says", () => {
  const rows = tableOf(readme, ...settingColumns);
  assertExists(rows);
  assertEquals(
    rows,
    settingRows(),
    `The table should be:\n${markdownTable(settingColumns, settingRows())}`,
  );
});

Deno.test("README's nginx block has the lines of 'taskwire print nginx'", async () => {
  const printed = (await readDeployFile("nginx")).split("\n");
  const [block = ""] = blocksOf(readme, "nginx");
  const lines = block.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.includes("proxy_pass "));
  assert(lines.length > 10);
  const known = new Set(printed.map((line) => line.trim()));
  assertEquals(lines.filter((line) => !known.has(line)), []);
});

Deno.test("README quotes the recipes as they are", async () => {
  const quoted = blocksOf(readme, "python").find((block) =>
    block.startsWith("@app.post")
  );
  const recipe = await Deno.readTextFile(
    new URL("src/docs/recipes/fastapi_backend.py", root),
  );
  assertExists(quoted);
  assert(recipe.includes(quoted));
});
