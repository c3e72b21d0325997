import { documentedCloses, messageNamesOf } from "./asyncapi.ts";
import type { Channel } from "./channels.ts";
import { type Html, html, nothing, prose } from "./html.ts";
import { errorCodeMeanings, tokenCodeMeanings } from "./schemas/meanings.ts";
import type { MessageMeaning } from "./messages.ts";
import { parameters } from "./parameters.ts";
import {
  renderExample,
  renderMembers,
  renderRow,
  renderType,
} from "./render_schema.ts";
import type { Schema } from "./schemas/components.ts";

/** Renders a WebSocket route. */
export function renderChannel(channel: Channel): Html {
  const { received, sent } = messageNamesOf(channel);
  const rows = (["connection_id", ...channel.query] as const).map((name) => {
    const { in: place, schema, description } = parameters[name];
    return renderRow(
      html`<code>${name}</code>`,
      html`<span class="type">${place}, ${renderType(schema)}</span>`,
      prose(description),
    );
  });
  return html`
    <article id="channel-${channel.id}">
      <h3><span class="method ws">WS</span> <code>${channel.path}</code></h3>
      <p>${prose(channel.summary)}.</p>
      <p class="muted">${prose(channel.description)}</p>
      <h4>Parameters</h4>
      <dl>${rows}</dl>
      <h4>Frames</h4>
      <dl>
    ${renderRow(html`from the client`, nothing, linksTo(received))}
    ${renderRow(html`from the server`, nothing, linksTo(sent))}
      </dl>
    </article>
  `;
}

/** Links the names of JSON frames; plain messages have no section. */
function linksTo(names: readonly string[]): Html {
  return html`${
    names.map((name) =>
      name === "EchoText"
        ? html`
          any text
        `
        : name === "AnyMessage"
        ? html`
          any text or bytes
        `
        : html`
          <a href="#frame-${name}">${name}</a>
        `
    )
  }`;
}

/** Renders a frame with its members and an example. */
export function renderFrame(
  name: string,
  { summary, examples }: MessageMeaning,
  schema: Schema,
): Html {
  return html`<article id="frame-${name}">
<h3>${name}</h3>
<p>${prose(summary)}.</p>
${examples.map((example) => renderExample(example))}
<details><summary>Members</summary>${renderMembers(schema)}</details>
</article>`;
}

/** Renders the table of close codes. */
export function renderCloseCodes(): Html {
  const rows = documentedCloses.map(({ code, when, reconnect }) =>
    html`
      <tr>
        <th scope="row">${code}</th>
        <td>${prose(when)}</td>
        <td>${prose(reconnect)}</td>
      </tr>
    `
  );
  return html`
    <table>
      <thead>
        <tr>
          <th scope="col">Code</th>
          <th scope="col">When</th>
          <th scope="col">Reconnect?</th>
        </tr>
      </thead>
      <tbody>${rows}</tbody>
    </table>
  `;
}

/** Renders the table of error codes. */
export function renderErrorCodes(): Html {
  const meanings = { ...tokenCodeMeanings, ...errorCodeMeanings };
  return html`<dl>${
    Object.entries(meanings).map(([code, meaning]) =>
      renderRow(html`<code>${code}</code>`, nothing, prose(meaning))
    )
  }</dl>`;
}
