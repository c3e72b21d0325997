import { assert, assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folders of `src` from top to bottom, `.` for the files beside them. A file
 * imports from its own folder and from folders further down.
 */
const layers = [
  "cli",
  "launch",
  ".",
  "docs",
  "docs/schemas",
  "workers",
  "http/api",
  "http/metrics",
  "sse",
  "sockets",
  "http",
  "realtime",
  "admission",
  "connections",
  "watch",
  "cluster",
  "store/redis",
  "store/sqlite",
  "store/memory",
  "store",
  "config",
  "metrics",
  "protocol",
  "auth",
  "tasks",
  "redis",
  "terminal",
  "log",
  "async",
  "collections",
  "process",
];

/** Folders beside the layers: files to serve or to print, and the stand-ins for packages. */
const beside = ["client", "deploy", "jsr_standins/djwt"];

interface Import {
  readonly from: string;
  /** A path below `src`, or a package's specifier. */
  readonly to: string;
}

const root = new URL("../", import.meta.url);
const imports = await readImports(["main.ts", "src/client/mod.ts"]);

/** Reads all imports below `src`, types included, from the module graph of some entry points. */
async function readImports(entries: string[]): Promise<Import[]> {
  const found = new Map<string, Import>();
  for (const entry of entries) {
    for (const { from, to } of await readGraph(entry)) {
      found.set(`${from} ${to}`, { from, to });
    }
  }
  return [...found.values()];
}

interface Dependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

async function readGraph(entry: string): Promise<Import[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", fileURLToPath(new URL(entry, root))],
    cwd: root,
    stderr: "null",
  }).output();
  const { modules }: {
    modules: { specifier: string; dependencies?: Dependency[] }[];
  } = JSON.parse(new TextDecoder().decode(stdout));
  const src = new URL("src/", root).href;
  return modules.filter(({ specifier }) => specifier.startsWith(src)).flatMap(
    ({ specifier, dependencies = [] }) =>
      dependencies.flatMap(({ specifier: written, code, type }) => {
        const targets = [code?.specifier, type?.specifier].filter((target) =>
          target !== undefined
        );
        return targets.map((target) => ({
          from: specifier.slice(src.length),
          to: target.startsWith(src) ? target.slice(src.length) : written,
        }));
      }),
  );
}

const isOurs = ({ to }: Import) => to.endsWith(".ts") && !to.startsWith("..");

Deno.test("src has layers, and each imports only from those below", () => {
  assert(imports.length > 500);
  const upward = imports.filter(isOurs).filter(({ from, to }) => {
    const [upper, lower] = [dirname(from), dirname(to)];
    return upper !== lower && !beside.includes(upper) &&
      !beside.includes(lower) && layers.indexOf(upper) >= layers.indexOf(lower);
  });
  assertEquals(upward, []);
});

Deno.test("src has no folder without a place among the layers", () => {
  const folders = new Set(
    imports.filter(isOurs).flatMap(({ from, to }) => [from, to]).map(dirname),
  );
  assertEquals([...folders].sort(), [...layers, ...beside].sort());
});

Deno.test("src upgrades by Hono's helper in sockets/upgrade.ts, and nowhere else", () => {
  assertEquals(
    imports.filter(({ to }) => to === "hono/deno").map(({ from }) => from),
    ["sockets/upgrade.ts"],
  );
});

Deno.test("src knows Hono only in the layers that answer requests", () => {
  const below = layers.slice(layers.indexOf("watch"));
  assertEquals(
    imports.filter(({ from, to }) =>
      below.includes(dirname(from)) && /^hono\b/.test(to)
    ),
    [],
  );
});

Deno.test("src imports nothing of the tests", () => {
  assertEquals(
    imports.filter(({ to }) => /^@std\/|^fast-check$|^\.\.\/tests/.test(to)),
    [],
  );
});

Deno.test("src has a client that only the command line imports, besides pages", () => {
  const importers = imports.filter(({ from, to }) =>
    dirname(to) === "client" && dirname(from) !== "client"
  );
  assertEquals(importers, [{
    from: "cli/task_reporter.ts",
    to: "client/retry.ts",
  }, { from: "cli/watch.ts", to: "client/mod.ts" }]);
});

/** The facts of the protocol shared by client and server. */
const sharedWithClient = [
  "protocol/close_codes.ts",
  "protocol/error_codes.ts",
  "tasks/task_id.ts",
];

Deno.test("src has a client that takes nothing of the server but facts of the protocol", () => {
  const shared = imports.filter(({ from, to }) =>
    dirname(from) === "client" && dirname(to) !== "client"
  );
  assertEquals(
    [...new Set(shared.map(({ to }) => to))].sort(),
    sharedWithClient,
  );
  assertEquals(
    imports.filter(({ from, to }) =>
      sharedWithClient.includes(from) && !sharedWithClient.includes(to)
    ),
    [],
  );
});

/** Finds the files of src that contain a text. */
async function filesWith(text: string): Promise<string[]> {
  const paths = new Set(
    imports.filter(isOurs).flatMap(({ from, to }) => [from, to]),
  );
  const found = [];
  for (const path of paths) {
    const content = await Deno.readTextFile(new URL(`src/${path}`, root));
    if (content.includes(text)) found.push(path);
  }
  return found;
}

Deno.test("src finds its files only by process/source_files.ts, which works in the binary", async () => {
  assertEquals(await filesWith("import.meta"), ["process/source_files.ts"]);
});

Deno.test("src imports zod in a way that lets the binary leave out unused parts", async () => {
  assertEquals(await filesWith('{ z } from "zod"'), []);
});
