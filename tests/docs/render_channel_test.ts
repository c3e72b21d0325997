import { assert } from "@std/assert";
import { channels } from "../../src/docs/channels.ts";
import {
  errorCodeMeanings,
  tokenCodeMeanings,
} from "../../src/docs/schemas/meanings.ts";
import {
  renderChannel,
  renderCloseCodes,
  renderErrorCodes,
  renderFrame,
} from "../../src/docs/render_channel.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";

Deno.test("renderChannel() shows a route's path, parameters and frames", () => {
  const [realtime] = channels;
  assert(realtime);
  const { text } = renderChannel(realtime);
  for (
    const part of [
      realtime.path,
      "<code>epoch</code>",
      "#frame-Sync",
      "#frame-Cancel",
    ]
  ) {
    assert(text.includes(part), part);
  }
});

Deno.test("renderFrame() shows a frame's examples and members, escaped", () => {
  const { text } = renderFrame("Pong", {
    summary: "An `<answer>`",
    examples: [{ id: "<b>" }],
  }, { properties: { id: { type: "string" } } });
  for (
    const part of [
      'id="frame-Pong"',
      "&lt;answer&gt;",
      "&lt;b&gt;",
      "<code>id</code>",
    ]
  ) assert(text.includes(part), part);
});

Deno.test("renderCloseCodes() has a row for each code", () => {
  const { text } = renderCloseCodes();
  for (const code of Object.values(closeCodes)) {
    assert(text.includes(`<th scope="row">${code}</th>`), String(code));
  }
});

Deno.test("renderErrorCodes() has a row for each code", () => {
  const { text } = renderErrorCodes();
  for (
    const code of Object.keys({ ...tokenCodeMeanings, ...errorCodeMeanings })
  ) {
    assert(text.includes(`<code>${code}</code>`), code);
  }
});
