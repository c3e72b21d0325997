import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { guidePageNames } from "../../src/docs/guide_files.ts";
import { findViolations } from "../support/axe.ts";
import { browserTest, screenshot } from "../support/browser.ts";
import { serve } from "../support/taskwire.ts";

const openDetails =
  "document.querySelectorAll('details').forEach((d) => d.open = true)";

/** Returns the findings of axe-core on a page as the page is. */
async function findings(page: Page): Promise<string[]> {
  return (await findViolations(page)).map(({ text }) => text);
}

/** Each color scheme and each width once: the colors do not depend on the width. */
const looks = [
  { colorScheme: "light", width: 1280 },
  { colorScheme: "dark", width: 320 },
] as const;

for (const { colorScheme, width } of looks) {
  browserTest(
    `reads /docs in ${colorScheme}, ${width} pixels wide`,
    serve,
    async (page, { origin }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      await page.goto(`${origin}/docs`);
      await screenshot(page, `docs-${colorScheme}-${width}`);
      await page.evaluate(openDetails);
      const scrollWidth = await page.evaluate(
        "document.documentElement.scrollWidth",
      );
      assertEquals(scrollWidth, width, "nothing sticks out");
      assertEquals(await findings(page), []);
    },
  );

  browserTest(
    `reads the guide in ${colorScheme}, ${width} pixels wide`,
    serve,
    async (page, { origin }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      for (const name of ["guide", "guide/scaling"]) {
        await page.goto(`${origin}/docs/${name}`);
        const picture = name.replace("/", "-");
        await screenshot(page, `${picture}-${colorScheme}-${width}`);
        assertEquals(await findings(page), [], name);
      }
    },
  );
}

browserTest(
  "shows no page of the guide wider than a screen of 320 pixels",
  serve,
  async (page, { origin }) => {
    await page.setViewportSize({ width: 320, height: 844 });
    for (const name of guidePageNames) {
      await page.goto(`${origin}/docs/guide/${name}`);
      const scrollWidth = await page.evaluate(
        "document.documentElement.scrollWidth",
      );
      assertEquals(scrollWidth, 320, name);
    }
  },
);

browserTest(
  "goes from /docs to a section of the guide, with pictures",
  serve,
  async (page, { origin }) => {
    await page.goto(`${origin}/docs`);
    await page.getByRole("link", { name: "the guide" }).click();
    await page.getByRole("link", { name: "Performance" }).click();
    await page.locator('nav a[href="#growth"]').click();
    assert(page.url().endsWith("/docs/guide/performance#growth"));
    await page.waitForLoadState("load");
    const unloaded = await page.evaluate(
      "[...document.images].filter((i) => i.naturalWidth === 0).map((i) => i.src)",
    );
    assertEquals(unloaded, []);
    assert(await page.locator("img").count() > 0);
    await page.getByRole("link", { name: "API" }).click();
    await page.waitForURL(`${origin}/docs`);
  },
);

browserTest(
  "navigates /docs by keyboard",
  serve,
  async (page, { origin }) => {
    await page.goto(`${origin}/docs`);
    await page.keyboard.press("Tab");
    assertEquals(
      await page.evaluate("document.activeElement?.textContent"),
      "Skip to the content",
    );
    const frame = page.locator("#frame-Sync summary");
    await frame.focus();
    await page.keyboard.press("Enter");
    await page.locator("#frame-Sync dl").waitFor();
    await page.locator('nav a[href="#close-codes"]').focus();
    await page.keyboard.press("Enter");
    assert(page.url().endsWith("#close-codes"));
    await page.waitForFunction(
      "document.querySelector('#close-codes h2').getBoundingClientRect().top < innerHeight",
    );
  },
);
