import { version } from "../process/version.ts";
import { channels } from "./channels.ts";
import { type Html, html, nothing } from "./html.ts";
import { clientMessages, serverMessages } from "./messages.ts";
import { operations, tags } from "./openapi.ts";
import type { Tag } from "./operation.ts";
import {
  renderChannel,
  renderCloseCodes,
  renderErrorCodes,
  renderFrame,
} from "./render_channel.ts";
import { renderDocument } from "./render_document.ts";
import { renderOperation } from "./render_operation.ts";
import { renderMembers } from "./render_schema.ts";
import type { Schema } from "./schemas/components.ts";

/** The schemas shown on the page, besides the tables of the documents. */
export interface PageSchemas {
  readonly http: Readonly<Record<string, Schema>>;
  readonly sockets: Readonly<Record<string, Schema>>;
}

/**
 * Renders `/docs`: both documents as one page, without scripts.
 *
 * @param style The trusted content of `<style>`, not escaped.
 */
export function renderPage(schemas: PageSchemas, style: string): string {
  return renderDocument({
    title: "taskwire API",
    style,
    body: html`
      <header>
        <h1>taskwire API</h1>
        <p
          class="muted">Version ${version}. For programs: <a href="/openapi.json">openapi.json</a>, <a href="/asyncapi.json">asyncapi.json</a>. To learn it: <a href="/docs/guide">the guide</a>. To try it: <a href="/">the page</a>.</p>
      </header>
      <div class="columns">
      ${renderNav()}
      <main id="content">
      ${renderIntro()}
      ${Object.keys(tags).map((tag) => renderTag(tag as Tag))}
      ${renderSockets(schemas.sockets)}
      ${renderSchemas(schemas)}
      </main>
        </div>
    `,
  });
}

function renderNav(): Html {
  const groups = Object.keys(tags).map((tag) =>
    html`<li><a href="#${tag}">${tag}</a><ul>${
      operations.filter((operation) => operation.tag === tag).map((
        { id, method, path },
      ) =>
        html`<li><a href="#${id}"><span class="verb">${method}</span> ${path}</a></li>`
      )
    }</ul></li>`
  );
  const routes = channels.map(({ id, path }) =>
    html`<li><a href="#channel-${id}">${path}</a></li>`
  );
  return html`
    <nav aria-label="Contents">
      <ul>
    <li><a href="#start">Start</a></li>
    ${groups}
    <li><a href="#sockets">WebSocket routes</a><ul>${routes}</ul></li>
    <li><a href="#client-frames">Frames from the client</a></li>
    <li><a href="#server-frames">Frames from the server</a></li>
    <li><a href="#close-codes">Close codes</a></li>
    <li><a href="#error-codes">Error codes</a></li>
    <li><a href="#schemas">Schemas</a></li>
      </ul>
    </nav>
  `;
}

function renderIntro(): Html {
  return html`
    <section id="start">
      <h2>Start</h2>
      <p>A backend posts the progress of tasks over HTTP. Every browser watching the <code>connection_id</code> of a task sees each step at once over WebSocket, and resumes without a gap after a lost connection.</p>
      <p>Requests to the HTTP API need <code>Authorization: Bearer</code> with an API key (<code>TASKWIRE_API_KEYS</code>) or a JWT with the route's <code>scope</code>. Watchers send a JWT as <code>?token=</code> or with the subprotocols <code>bearer, &lt;token&gt;</code>; watchers without a JWT are guests.</p>
      <p>HTTP errors are problem details (RFC 9457) with a <code>code</code>. WebSocket errors are <code>error</code> frames, also sent before a close.</p>
    </section>
  `;
}

function renderTag(tag: Tag): Html {
  return html`<section id="${tag}">
<h2>${tag}</h2>
<p class="muted">${tags[tag]}.</p>
${operations.filter((operation) => operation.tag === tag).map(renderOperation)}
</section>`;
}

function renderSockets(schemas: Readonly<Record<string, Schema>>): Html {
  const frames = (table: typeof clientMessages | typeof serverMessages) =>
    Object.entries(table).map(([name, meaning]) =>
      renderFrame(name, meaning, schemas[name] ?? {})
    );
  return html`<section id="sockets"><h2>WebSocket routes</h2>
<p class="muted">The server accepts the socket first and checks the token afterwards, so that no client gets an unexplained 403.</p>
${channels.map(renderChannel)}</section>
<section id="client-frames"><h2>Frames from the client</h2>
<p class="muted">On <code>/ws/realtime</code>. The answer to any other frame is an <code>error</code> with <code>bad_frame</code>; the tenth bad frame closes the socket.</p>
${frames(clientMessages)}</section>
<section id="server-frames"><h2>Frames from the server</h2>
${frames(serverMessages)}</section>
<section id="close-codes"><h2>Close codes</h2>
<p class="muted">An <code>error</code> frame with the reason precedes every code except 1000 and 1001.</p>
${renderCloseCodes()}</section>
<section id="error-codes"><h2>Error codes</h2>
<p class="muted">The <code>code</code> of an <code>error</code> frame.</p>
${renderErrorCodes()}</section>`;
}

/** Renders the schemas linked to by name. Frames show their own members. */
function renderSchemas({ http, sockets }: PageSchemas): Html {
  const articles = Object.entries({ ...sockets, ...http }).map((
    [name, schema],
  ) =>
    name in http || !(name in serverMessages || name in clientMessages)
      ? html`<article id="schema-${name}"><h3>${name}</h3>${
        renderMembers(schema)
      }</article>`
      : nothing
  );
  return html`<section id="schemas"><h2>Schemas</h2>${articles}</section>`;
}
