import { Html, html } from "./html.ts";
import { sourceFile } from "../process/source_files.ts";

/** The style of all pages below `/docs`: a file that goes into the binary. */
const styleUrl = sourceFile("playground/docs.css");

/**
 * Reads the style of the pages.
 *
 * @throws {Deno.errors.NotFound} If the style is not in the binary.
 */
export function readStyle(): Promise<string> {
  return Deno.readTextFile(styleUrl);
}

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%231d5fd0'/%3E%3Cpath d='M3 6h10M3 10h6' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E";

/**
 * Makes a page below `/docs`, without a script. The first link leads to
 * the element with the id `content`.
 *
 * @param style The text of the `<style>` element, which is not escaped.
 */
export function renderDocument(
  { title, style, body }: {
    readonly title: string;
    readonly style: string;
    readonly body: Html;
  },
): string {
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title}</title>
        <link rel="icon" href="${icon}">
        <style>${new Html(style)}</style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
    ${body}
      </body>
    </html>
  `.text.trimStart();
}
