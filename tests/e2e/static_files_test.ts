import { assertEquals } from "@std/assert";
import { guidePageNames, pictureNames } from "../../src/docs/guide_files.ts";
import { answerOf } from "../support/answer.ts";
import { makeApi } from "../support/api.ts";
import { serve } from "../support/taskwire.ts";

/** Returns the paths of the console's files. */
async function consolePaths(folder = ""): Promise<string[]> {
  const root = new URL("../../src/console/", import.meta.url);
  const paths: string[] = [];
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, root))
  ) {
    const path = `${folder}${name}`;
    if (isDirectory) paths.push(...await consolePaths(`${path}/`));
    else if (path !== "index.html") paths.push(`/console/${path}`);
  }
  return paths;
}

const paths = [
  "/",
  "/playground.js",
  "/client.js",
  "/client.d.ts",
  "/console",
  ...await consolePaths(),
  "/docs",
  "/openapi.json",
  "/asyncapi.json",
  "/docs/guide",
  ...guidePageNames.map((name) => `/docs/guide/${name}`),
  ...pictureNames.map((name) => `/docs/pictures/${name}`),
];

const { call } = await makeApi();

Deno.test("serve answers each page and file with the type and content of the source", async () => {
  await using served = await serve();
  for (const path of paths) {
    const [answer, expected] = await Promise.all([
      answerOf(fetch(served.origin + path)),
      call(`GET ${path}`, { key: "" }),
    ]);
    assertEquals(
      [answer.status, answer.headers.get("content-type")],
      [200, expected.headers.get("content-type")],
      path,
    );
    assertEquals(answer.text, expected.text, path);
  }
});
