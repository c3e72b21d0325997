import { assertEquals } from "@std/assert";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The TypeScript files below a folder, from the root. */
async function listSources(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${entry.name}`;
    // The client's declarations are made, not written.
    if (path === "src/client/client.d.ts") continue;
    if (entry.isDirectory) files.push(...await listSources(path));
    else if (path.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}

interface Source {
  readonly path: string;
  readonly text: string;
}

/** Not ours: djwt, linked. */
const isLinked = (path: string) => path.startsWith("src/jsr_standins/");

const sources: readonly Source[] = await Promise.all(
  (await listSources("src")).filter((path) => !isLinked(path)).map(
    async (path) => ({ path, text: await Deno.readTextFile(join(root, path)) }),
  ),
);

/** What a file imports, packages by their names and files from the root. */
function importsOf({ path, text }: Source): string[] {
  const specifiers = text.matchAll(
    /\b(?:import|export)\b[^;"']*?\bfrom\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g,
  );
  return [...specifiers].map(([, from, dynamic]) => from ?? dynamic ?? "")
    .map((specifier) =>
      specifier.startsWith(".")
        ? relative(root, join(root, dirname(path), specifier))
        : specifier
    );
}

/** A file without its comments, which may speak of what it doesn't do. */
function codeOf({ text }: Source): string {
  return text.replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

function pathsWhere(condition: (source: Source) => boolean): string[] {
  return sources.filter(condition).map(({ path }) => path);
}

function isUnder(path: string, ...folders: string[]): boolean {
  return folders.some((folder) => path.startsWith(`${folder}/`));
}

Deno.test("src has sources, whose imports are found", () => {
  const app = sources.find(({ path }) => path === "src/app.ts");
  assertEquals(sources.length > 50, true);
  assertEquals(
    app && importsOf(app).slice(0, 2),
    ["hono", "src/http/allowed_methods.ts"],
  );
});

Deno.test("src upgrades by Hono's helper in sockets/upgrade.ts, and nowhere else", () => {
  const upgrading = ["src/sockets/upgrade.ts"];
  assertEquals(
    pathsWhere((source) => importsOf(source).includes("hono/deno")),
    upgrading,
  );
  assertEquals(
    pathsWhere((source) => /\bupgradeWebSocket\(/.test(codeOf(source))),
    upgrading,
  );
  assertEquals(
    pathsWhere((source) => codeOf(source).includes("Deno.upgradeWebSocket")),
    [],
  );
});

Deno.test("src knows neither Hono nor Deno's server below sockets and http", () => {
  const below = [
    "auth",
    "client",
    "cluster",
    "page",
    "protocol",
    "store",
    "tasks",
  ].map((name) => `src/${name}`);
  assertEquals(
    pathsWhere((source) =>
      isUnder(source.path, ...below) &&
      (importsOf(source).some((name) => /^hono\b/.test(name)) ||
        /\bDeno\.serve\b/.test(codeOf(source)))
    ),
    [],
  );
});

Deno.test("src lets data flow one way: nothing below imports sockets or http", () => {
  assertEquals(
    pathsWhere((source) =>
      isUnder(
        source.path,
        "src/auth",
        "src/protocol",
        "src/store",
        "src/tasks",
      ) &&
      importsOf(source).some((name) =>
        isUnder(name, "src/sockets", "src/http", "src/cli")
      )
    ),
    [],
  );
});

Deno.test("src reads arguments and environment in cli alone, and exits there alone", () => {
  assertEquals(
    pathsWhere((source) =>
      !isUnder(source.path, "src/cli") &&
      /\bDeno\.(?:env|args|exit|exitCode)\b|\bprocess\.(?:env|argv|exit)\b/
        .test(codeOf(source))
    ),
    [],
  );
});

Deno.test("src imports nothing of the tests", () => {
  assertEquals(
    pathsWhere((source) =>
      importsOf(source).some((name) =>
        isUnder(name, "tests") || name.startsWith("..") ||
        /^@std\/|^fast-check$/.test(name)
      )
    ),
    [],
  );
});

/** The facts of the protocol that the client shares with the server. */
const sharedWithClient = [
  "src/protocol/close_codes.ts",
  "src/protocol/error_codes.ts",
  "src/tasks/connection_id.ts",
];

Deno.test("src has a client that stands alone, and that nothing else imports", () => {
  assertEquals(
    pathsWhere((source) =>
      // The client's documentation imports what a page would.
      importsOf(source).some((name) =>
        name !== "/client.js" &&
        !sharedWithClient.includes(name) &&
        isUnder(name, "src/client") !== isUnder(source.path, "src/client")
      )
    ),
    [],
  );
});

Deno.test("src shares files with the client that import nothing but each other", () => {
  assertEquals(
    sources.filter(({ path }) => sharedWithClient.includes(path))
      .flatMap(importsOf).filter((name) => !sharedWithClient.includes(name)),
    [],
  );
});
