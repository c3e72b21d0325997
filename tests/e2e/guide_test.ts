import { assert, assertEquals, assertExists } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readDeployFile } from "../../src/deploy/deploy_file.ts";
import { runProgram } from "../support/foreign_program.ts";
import { needs } from "../support/needs.ts";
import {
  anchorsOf,
  blocksOf,
  fencesOf,
  markdownTable,
  type Page,
  readGuidePage,
  readPages,
  settingColumns,
  settingRows,
  tableOf,
  targetsOf,
  withoutBlocks,
} from "../support/markdown.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { program, serve } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const root = new URL("../../", import.meta.url);

const pages = await readPages();
const [readme, ...guide] = pages;

Deno.test("shell blocks are fenced 'sh', or 'sh norun' if they cannot run here", () => {
  const fences = pages.flatMap(({ text }) => fencesOf(text));
  assert(fences.length > 40, `${fences.length} blocks`);
  const known = new Set(
    "acl conf html ini js json jsx mermaid nginx python sh text yaml".split(
      " ",
    ),
  ).add("sh norun");
  assertEquals(fences.filter((fence) => !known.has(fence)), []);
});

/** A script named `taskwire` on the path, to run the program under test. */
async function installTaskwire(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/bin`);
  const words = program("run").map((word) => `'${word}'`).join(" ");
  const path = `${folder}/bin/taskwire`;
  await Deno.writeTextFile(path, `#!/bin/sh\nexec ${words} "$@"\n`, {
    mode: 0o755,
  });
}

/**
 * Runs the shell blocks of a page in order, in an empty folder, next to a
 * server.
 */
async function runShellBlocks({ text }: Page): Promise<void> {
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
    // The default server of the commands.
    TASKWIRE_PORT: port,
    TASKWIRE_URL: served.origin,
    STEP_SECONDS: "0",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  for (const block of blocksOf(text, "sh")) {
    const script = block.replaceAll("127.0.0.1:8000", host)
      // A 4xx answer is a failure, too.
      .replaceAll(/^curl /gm, "curl --no-progress-meter --fail-with-body ");
    const { code, stdout, stderr } = await runProgram(
      ["bash", "-euo", "pipefail", "-c", script],
      { cwd, env },
    );
    assertEquals(code, 0, `${block}\n${stdout}\n${stderr}`);
  }
}

const runnable = pages.filter(({ text }) => blocksOf(text, "sh").length > 0);

Deno.test("seven pages or more have shell blocks to run", () => {
  assert(runnable.length >= 7, `${runnable.length} pages`);
});

for (const page of runnable) {
  needs("bash", "curl", "node", "python3")(
    `${page.path}: the shell commands work, in order, in an empty folder`,
    () => runShellBlocks(page),
  );
}

/** Finds the links of a page without a target file or heading. */
async function brokenLinksOf({ url, text }: Page): Promise<string[]> {
  const isBroken = async (target: string) => {
    if (/^https:\/\/[\w.-]+(?:\/|$)/.test(target)) return false;
    const [path = "", anchor] = target.split("#");
    const linked = path === "" ? url : new URL(path, url);
    const found = await Deno.readTextFile(linked).catch(() => undefined);
    return found === undefined ||
      anchor !== undefined && !anchorsOf(found).includes(anchor);
  };
  const broken = await Promise.all(
    targetsOf(text).map(async (target) =>
      (await isBroken(target)) ? [target] : []
    ),
  );
  return broken.flat();
}

for (const page of pages) {
  Deno.test(`${page.path}: links lead to files and headings that exist`, async () => {
    assertEquals(await brokenLinksOf(page), []);
  });
}

Deno.test("README.md is short and links each page of the guide", () => {
  assertExists(readme);
  const targets = new Set(targetsOf(readme.text));
  assertEquals(guide.filter(({ path }) => !targets.has(path)), []);
  assert(new TextEncoder().encode(readme.text).length <= 10_240);
  assert(readme.text.split("\n").length <= 200);
});

Deno.test("the pages begin with a title and have no HTML", () => {
  const html = /<\/?[a-z][\w-]*(?:\s[^>]*)?>/i;
  const prose = (text: string) => withoutBlocks(text).replace(/`[^`\n]+`/g, "");
  const bad = pages.filter(({ text }) =>
    !/^# .+\n\n/.test(text) || html.test(prose(text))
  );
  assertEquals(bad.map(({ path }) => path), []);
});

Deno.test("the table of variables in configuration.md equals src/config/settings.ts", async () => {
  const { text } = await readGuidePage("configuration");
  const rows = tableOf(text, ...settingColumns);
  assertExists(rows);
  assertEquals(
    rows,
    settingRows(),
    `The table should be:\n${markdownTable(settingColumns, settingRows())}`,
  );
});

Deno.test("the nginx block of operations.md has the lines of 'taskwire print nginx'", async () => {
  const printed = (await readDeployFile("nginx")).split("\n");
  const { text } = await readGuidePage("operations");
  const [block = ""] = blocksOf(text, "nginx");
  // The certificate and the address behind the proxy are the reader's own.
  const lines = block.split("\n").map((line) => line.trim())
    .filter((line) => line && !/^(proxy_pass|listen|ssl_\w+) /.test(line));
  assert(lines.length > 10);
  const known = new Set(printed.map((line) => line.trim()));
  assertEquals(lines.filter((line) => !known.has(line)), []);
});

Deno.test("recipes.md quotes the recipes as they are", async () => {
  const { text } = await readGuidePage("recipes");
  const quoted = blocksOf(text, "python").find((block) =>
    block.startsWith("@app.post")
  );
  const recipe = await Deno.readTextFile(
    new URL("src/docs/recipes/fastapi_backend.py", root),
  );
  assertExists(quoted);
  assert(recipe.includes(quoted));
});
