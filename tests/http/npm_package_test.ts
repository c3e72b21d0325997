import { assertEquals, assertLess } from "@std/assert";
import { parseTarGzip } from "nanotar";
import { gzipSync } from "node:zlib";
import { makeNpmPackage, npmFiles } from "../../src/http/npm_package.ts";
import { version } from "../../src/process/version.ts";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";

/** Returns the files of the package as texts, by name. */
async function readPackage(): Promise<Map<string, string>> {
  const files = await parseTarGzip(await makeNpmPackage());
  return new Map(files.map(({ name, text }) => [name, text]));
}

Deno.test("makeNpmPackage() makes the same bytes from the same files", async () => {
  assertEquals(await makeNpmPackage(), await makeNpmPackage());
});

/** Lists the files below a folder. */
async function listFiles(folder: URL, prefix: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const files = entries.map(({ name, isDirectory }) =>
    isDirectory
      ? listFiles(new URL(`${name}/`, folder), `${prefix}${name}/`)
      : [prefix + name]
  );
  return (await Promise.all(files)).flat();
}

Deno.test("makeNpmPackage() packs every built file", async () => {
  const built = await listFiles(
    new URL("../../src/client/npm/", import.meta.url),
    "npm/",
  );
  const packed = npmFiles.filter((path) => path.startsWith("npm/"));
  assertEquals(built.sort(), packed.sort());
});

Deno.test("makeNpmPackage() exports packed files alone", async () => {
  const files = await readPackage();
  const description = JSON.parse(files.get("package/package.json") ?? "");
  assertEquals(description.name, "taskwire");
  assertEquals(description.version, version);
  assertEquals(description.dependencies, undefined);
  assertEquals(Object.keys(description.exports), [
    ".",
    "./elements",
    "./react",
    "./svelte",
    "./vue",
    "./worker",
    "./package.json",
  ]);
  const exported = Object.values(description.exports)
    .flatMap((target) => Object.values(Object(target)))
    .filter((path) => String(path).startsWith("./"));
  assertEquals(
    exported.filter((path) =>
      !files.has(`package/${String(path).slice("./".length)}`)
    ),
    [],
  );
});

for (const [name, bound] of [["react", 1_500], ["elements", 4_000]] as const) {
  Deno.test(`makeNpmPackage() adds at most ${bound} bytes for ${name}, compressed`, async () => {
    const text = (await readPackage()).get(`package/${name}.js`) ?? "";
    assertLess(gzipSync(text, { level: 9 }).length, bound + 1);
  });
}

Deno.test("clientFileRoutes() serves the npm package as an archive", async () => {
  await using server = await startTestServer();
  const { status, headers } = await answerOf(
    fetch(`${server.origin}/client.tgz`),
  );
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "application/gzip");
  assertEquals(headers.get("content-encoding"), null);
});
