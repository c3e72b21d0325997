import { type Html, html, nothing, prose } from "./html.ts";
import { isLines, problemCodesOf } from "./openapi.ts";
import type { Access, Answer, Content, Operation } from "./operation.ts";
import { type Parameter, parameters } from "./parameters.ts";
import { problemMeanings } from "./schemas/problems.ts";
import { renderExample, renderRow, renderType } from "./render_schema.ts";
import { schemaRef } from "./schemas/components.ts";

/** The server's default address, used in examples. */
const exampleOrigin = "http://127.0.0.1:8000";

/** Renders a route of the HTTP API. */
export function renderOperation(operation: Operation): Html {
  const { id, method, path, summary, description } = operation;
  return html`<article id="${id}">
<h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code></h3>
<p>${prose(summary)}.</p>
${
    description === undefined
      ? nothing
      : html`<p class="muted">${prose(description)}</p>`
  }
<p class="muted">For ${renderAccess(operation.access)}.</p>
${renderParameters(operation)}
${renderBody(operation.body)}
${renderCurl(operation)}
${renderAnswers(operation)}
</article>`;
}

function renderAccess(access: Access): Html {
  if (access === "anybody") return html`anybody`;
  if (access === "watcher") {
    return html`guests, or the user of a token; the token decides which tasks may be watched`;
  }
  if (access === "user") return html`the user of a token`;
  const scopes = access.map((scope, index) =>
    html`${index === 0 ? "" : " or "}<code>${scope}</code>`
  );
  return html`an API key, or a JWT with the scope ${scopes}`;
}

function renderParameters({ parameters: names = [] }: Operation): Html {
  if (names.length === 0) return nothing;
  const rows = names.map((name) => {
    const parameter: Parameter = parameters[name];
    const optional = parameter.required ? "" : ", optional";
    return renderRow(
      html`<code>${parameter.name}</code>`,
      html`<span class="type">${parameter.in}, ${
        renderType(parameter.schema)
      }${optional}</span>`,
      prose(parameter.description),
    );
  });
  return html`
    <h4>Parameters</h4>
    <dl>${rows}</dl>
  `;
}

function renderBody(body: Content | undefined): Html {
  if (body === undefined) return nothing;
  return html`
    <h4>Body</h4>
    <p>${renderContent(body)}</p>
  `;
}

function renderContent({ type, schema }: Content): Html {
  if (schema === undefined) return html`<code>${type}</code>`;
  const each = isLines(type) ? ", each line " : ": ";
  return html`<code>${type}</code>${each}${renderType(schemaRef(schema))}`;
}

/** Renders a shell command to paste. */
function renderCurl(operation: Operation): Html {
  const { path, body, access, answers } = operation;
  if (answers.some(({ status }) => status === 101)) return nothing;
  const url = exampleOrigin +
    path.replace(
      /\{(\w+)\}/g,
      (_, name: "connection_id" | "id" | "file") =>
        String(parameters[name].example),
    ) + exampleQuery(operation);
  const method = operation.method.toUpperCase();
  const isDefault = method === "GET" || (method === "POST" && body);
  // The first answer comes without an `Accept` header.
  const streams = answers[0]?.content?.type === "text/event-stream";
  const command = [
    `curl ${isDefault ? "" : `-X ${method} `}${streams ? "-N " : ""}${
      url.includes("?") ? `'${url}'` : url
    }`,
    ...credentialsFor(access),
    ...(body === undefined ? [] : [
      `--data-binary '${
        JSON.stringify(body.example).replaceAll("'", "'\\''")
      }'`,
    ]),
  ].join(" \\\n  ");
  return html`<h4>Example</h4>${renderExample(command)}`;
}

/** Returns the query of the parameters that have an example. */
function exampleQuery({ parameters: names = [] }: Operation): string {
  const pairs = names.map((name): Parameter => parameters[name])
    .filter((parameter) => parameter.in === "query" && parameter.example)
    .map(({ name, example }) => `${name}=${example}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function credentialsFor(access: Access): string[] {
  if (access === "anybody" || access === "watcher") return [];
  const token = access === "user"
    ? "$TASKWIRE_TOKEN"
    : "${TASKWIRE_API_KEYS%%,*}";
  return [`-H "Authorization: Bearer ${token}"`];
}

function renderAnswers(operation: Operation): Html {
  const { answers } = operation;
  const problems = [...problemCodesOf(operation)].flatMap(([status, codes]) =>
    codes.map((code) =>
      renderRow(
        html`<span class="status">${status}</span>`,
        html`<code>${code}</code>`,
        prose(problemMeanings[code]),
      )
    )
  );
  return html`
    <h4>Answers</h4><dl>${answers.map(renderAnswer)}</dl>
    ${answers.map(({ content }) =>
      content?.example === undefined ? nothing : renderExample(content.example)
    )}
    <details>
      <summary>Problems</summary>
      <p>${renderContent({
        type: "application/problem+json",
        schema: "Problem",
      })}</p>
      <dl>${problems}</dl>
    </details>
  `;
}

function renderAnswer({ status, when, content }: Answer): Html {
  return renderRow(
    html`<span class="status good">${status}</span>`,
    content === undefined ? nothing : html`<code>${content.type}</code>`,
    html`${prose(when)}${
      content?.schema === undefined
        ? nothing
        : html`: ${renderType(schemaRef(content.schema))}`
    }`,
  );
}
