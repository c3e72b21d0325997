import { assert, assertEquals } from "@std/assert";
import { makeGuide } from "../../src/docs/guide.ts";
import { guidePageNames, pictureNames } from "../../src/docs/guide_files.ts";

const docs = new URL("../../src/docs/", import.meta.url);
const guide = await makeGuide();

/** The pages by path. */
const pages = new Map([
  ["/docs/guide", guide.contents],
  ...[...guide.pages].map(([name, page]) =>
    [`/docs/guide/${name}`, page] as const
  ),
]);

async function filesIn(folder: string): Promise<string[]> {
  const entries = Deno.readDir(new URL(folder, docs));
  return (await Array.fromAsync(entries, ({ name }) => name)).sort();
}

function valuesOf(page: string, attribute: string): string[] {
  const pattern = new RegExp(` ${attribute}="([^"]*)"`, "g");
  return [...page.matchAll(pattern)].map(([, value = ""]) => value);
}

Deno.test("guidePageNames are the files of the guide", async () => {
  const files = guidePageNames.map((name) => `${name}.md`);
  assertEquals(files.toSorted(), await filesIn("guide/"));
});

Deno.test("pictureNames are the pictures in the folder", async () => {
  assertEquals(pictureNames.toSorted(), await filesIn("pictures/"));
});

Deno.test("makeGuide() lists every page with a sentence", () => {
  for (const name of guidePageNames) {
    const item = new RegExp(
      `<li><a href="guide/${name}">[^<]+</a><p>[^<]+[.)]</p></li>`,
    );
    assert(item.test(guide.contents), name);
  }
});

/** Finds the broken links and pictures of a page. */
function brokenLinksOf(path: string, page: string): string[] {
  const base = new URL(path, "http://a.example");
  const targets = [...valuesOf(page, "href"), ...valuesOf(page, "src")];
  return targets.filter((target) => {
    const { protocol, origin, pathname, hash } = new URL(target, base);
    if (protocol === "data:" || origin !== base.origin) return false;
    if (pathname === "/" || pathname === "/docs") return false;
    const picture = /^\/docs\/pictures\/(.+)$/.exec(pathname)?.[1];
    if (picture !== undefined) return !pictureNames.includes(picture);
    const linked = pages.get(pathname);
    const id = decodeURIComponent(hash.slice(1));
    return linked === undefined ||
      id !== "" && !valuesOf(linked, "id").includes(id);
  });
}

for (const [path, page] of pages) {
  Deno.test(`${path} has no broken links, anchors or pictures`, () => {
    assertEquals(brokenLinksOf(path, page), []);
  });

  Deno.test(`${path} has a single title, and unique ids`, () => {
    assertEquals([...page.matchAll(/<h1[ >]/g)].length, 1);
    const ids = valuesOf(page, "id");
    assertEquals(ids, [...new Set(ids)]);
  });
}

Deno.test("makeGuide() links other pages, and shows files of the repository as text", () => {
  const recipes = guide.pages.get("recipes") ?? "";
  assert(recipes.includes("publish.py"));
  const hrefs = [...guide.pages.values()].flatMap((page) =>
    valuesOf(page, "href")
  );
  assertEquals(hrefs.filter((href) => /\.md|recipes\//.test(href)), []);
  assert(hrefs.includes("operations#the-binary"));
});
