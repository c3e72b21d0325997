import axe, { type ImpactValue } from "axe-core";
import type { Page } from "playwright-core";

/** An element that breaks a rule of axe-core. */
export interface Violation {
  /** `rule: element` */
  readonly text: string;
  readonly impact: ImpactValue | undefined;
}

/** Applies all rules of axe-core to a page as the page is. */
export async function findViolations(page: Page): Promise<Violation[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const scope = globalThis as unknown as { axe: typeof axe };
    // A large page has thousands of elements in good order; their descriptions would take seconds.
    const { violations } = await scope.axe.run({ resultTypes: ["violations"] });
    return violations.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html }) => ({ text: `${id}: ${html}`, impact }))
    );
  });
}
