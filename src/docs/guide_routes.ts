import { type Context, Hono } from "hono";
import { makeOnce } from "../async/make_once.ts";
import { staticFile } from "../http/static_files.ts";
import { pictureNames } from "./guide_files.ts";
import { htmlAnswer } from "./html_answer.ts";
import { sourceFile } from "../process/source_files.ts";

/** The folder of the pictures, which go into the binary. */
const pictures = sourceFile("docs/pictures/");

/** Forbids a picture that is opened as a document to run or load anything (CSP Level 3). */
const pictureHeaders = {
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
  "X-Content-Type-Options": "nosniff",
};

/** The guide as it is served. */
interface Answers {
  readonly contents: (c: Context) => Response;
  readonly pages: ReadonlyMap<string, (c: Context) => Response>;
}

/**
 * `/docs/guide`, its pages and their pictures.
 *
 * The first request renders the guide, so that a start costs nothing.
 */
export function guideRoutes(): Hono {
  const answers = makeOnce(make);
  const pictureAnswers = new Map(
    pictureNames.map((name) => [
      name,
      staticFile(new URL(name, pictures), pictureHeaders),
    ]),
  );
  return new Hono()
    .get("/docs/guide", async function guideContents(c) {
      return (await answers()).contents(c);
    })
    // The links are relative: below `/docs/guide/` they would lead nowhere.
    .get("/docs/guide/", (c) => c.redirect("../guide", 308))
    .get("/docs/guide/:page", async function guidePage(c) {
      const { pages } = await answers();
      return pages.get(c.req.param("page"))?.(c) ?? c.notFound();
    })
    .get("/docs/pictures/:picture", function guidePicture(c) {
      return pictureAnswers.get(c.req.param("picture"))?.(c) ?? c.notFound();
    });
}

async function make(): Promise<Answers> {
  const { makeGuide } = await import("./guide.ts");
  const { contents, pages } = await makeGuide();
  const answer = (page: string) => htmlAnswer(page, "'self' data:");
  return {
    contents: answer(contents),
    pages: new Map([...pages].map(([name, page]) => [name, answer(page)])),
  };
}
