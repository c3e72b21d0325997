import { assertEquals } from "@std/assert";
import { renderMarkdown } from "../../src/docs/markdown.ts";

const render = (source: string) => renderMarkdown(source, (target) => target);

for (
  const source of [
    "<script>alert(1)</script>",
    "a <b onclick='x'>b</b> <!-- c -->",
    "a <script>1 < 2</script>",
    "| a |\n| --- |\n| <img src=x> |",
    "`<b>`",
    "    <b>",
    "# <b>a</b>",
    '![<b> "](x.png)',
  ]
) {
  Deno.test(`renderMarkdown() escapes the HTML of ${JSON.stringify(source)}`, () => {
    const { content } = render(source);
    assertEquals(/<(?:script|b|!--|img src="?x"?>)/.exec(content.text), null);
    assertEquals(content.text.includes("&lt;"), true, content.text);
  });
}

Deno.test("renderMarkdown() gives headings the anchors of GitHub", () => {
  const { headings, content } = render(
    "# A `x_y` & *more*, 1.5\n\n## Ünï\n\n## Same\n\n### Same\n",
  );
  assertEquals(headings, [
    { depth: 1, id: "a-x_y--more-15", text: "A x_y & more, 1.5" },
    { depth: 2, id: "ünï", text: "Ünï" },
    { depth: 2, id: "same", text: "Same" },
    { depth: 3, id: "same-1", text: "Same" },
  ]);
  assertEquals(
    [...content.text.matchAll(/<h\d id="([^"]+)">/g)].map(([, id]) => id),
    headings.map(({ id }) => id),
  );
});

Deno.test("renderMarkdown() keeps the text of links and pictures without an address", () => {
  const { content } = renderMarkdown(
    "a [b `c`](d) ![e](f) [g][h]\n\n[h]: i",
    () => undefined,
  );
  assertEquals(content.text, "<p>a b <code>c</code> e g</p>\n");
});

Deno.test("renderMarkdown() escapes addresses", () => {
  const { content } = renderMarkdown("[a](b)", () => '"><b>');
  assertEquals(
    content.text,
    '<p><a href="&quot;&gt;&lt;b&gt;">a</a></p>\n',
  );
});

Deno.test("renderMarkdown() makes code and tables reachable by keyboard", () => {
  const { content } = render("```sh\na\n```\n\n| a |\n| --- |\n| b |\n");
  assertEquals([...content.text.matchAll(/tabindex="0"/g)].length, 2);
});

for (
  const [source, sentence] of [
    [
      "# A\n\nOne `two` [three](x), 1.5\nfour. Five.",
      "One two three, 1.5 four.",
    ],
    ["# A\n\nOne: two:\n\n- three", "One: two."],
    ["# A\n\nOne two", "One two"],
    ["# A", ""],
  ] as const
) {
  Deno.test(`renderMarkdown() finds the first sentence of ${JSON.stringify(source)}`, () => {
    assertEquals(render(source).firstSentence, sentence);
  });
}

Deno.test("renderMarkdown() makes no header of an empty cell", () => {
  const { content } = render("| | a |\n| --- | --- |\n| b | c |\n");
  const cells = content.text.matchAll(/<(t[hd])>([^<]*)</g);
  assertEquals([...cells].map(([, tag, text]) => [tag, text]), [
    ["td", ""],
    ["th", "a"],
    ["td", "b"],
    ["td", "c"],
  ]);
});
