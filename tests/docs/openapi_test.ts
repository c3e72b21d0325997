import { assert, assertEquals } from "@std/assert";
import { Validator } from "@seriousme/openapi-schema-validator";
import { createApp } from "../../src/app.ts";
import { createServices } from "../../src/create_services.ts";
import {
  makeOpenApi,
  operations,
  problemCodesOf,
  tags,
} from "../../src/docs/openapi.ts";
import { at, faultsOf, type Json, openApi } from "../support/documents.ts";
import { testConfig } from "../support/server.ts";

/**
 * Returns the routes of the built app in OpenAPI's notation, without middleware
 * and empty ids.
 */
async function builtRoutes(): Promise<string[]> {
  const app = createApp(await createServices(testConfig()));
  const routes = app.routes.filter(({ method, path }) =>
    method !== "ALL" && (path === "/" || !path.endsWith("/"))
  ).map(({ method, path }) =>
    `${method} ${path.replace(/:(\w+)(?:\{.+?\}(?=\/|$))?/g, "{$1}")}`
  );
  return [...new Set(routes)].sort();
}

const documentedRoutes = Object.entries(at(openApi, "paths")).flatMap((
  [path, item],
) =>
  Object.keys(item as Json).map((method) => `${method.toUpperCase()} ${path}`)
);

Deno.test("makeOpenApi() makes a valid document, by the official schema of OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(openApi));
  assertEquals({ valid, errors }, { valid: true, errors: undefined });
  assertEquals(validator.version, "3.1");
});

Deno.test("makeOpenApi() has exactly the routes of the app", async () => {
  const built = await builtRoutes();
  assertEquals(documentedRoutes.toSorted(), built);
});

Deno.test("makeOpenApi() has no dangling references", () => {
  const refs = JSON.stringify(openApi).matchAll(/"\$ref":"#\/([^"]+)"/g);
  const places = new Set([...refs].map(([, place = ""]) => place));
  assert(places.size > 10);
  for (const place of places) at(openApi, ...place.split("/"));
});

Deno.test("makeOpenApi() has examples that validate", () => {
  let count = 0;
  for (const { path, method } of operations) {
    const operation = ["paths", path, method];
    const described = at(openApi, ...operation) as {
      requestBody?: { content: Json };
      responses: Record<string, { content?: Json }>;
    };
    const contents: [string[], Json][] = [
      [["requestBody"], described.requestBody?.content ?? {}],
      ...Object.entries(described.responses).map((
        [status, { content = {} }],
      ): [string[], Json] => [["responses", status], content]),
    ];
    for (const [place, content] of contents) {
      for (const [type, media] of Object.entries(content)) {
        const { example, examples = {} } = media as {
          example?: unknown;
          examples?: Record<string, { value: unknown }>;
        };
        const values = Object.values(examples).map(({ value }) => value);
        if (example !== undefined) values.push(example);
        for (const value of values) {
          count += 1;
          const pointer = [...operation, ...place, "content", type, "schema"];
          assertEquals(faultsOf("openapi", pointer, value), "", path);
        }
      }
    }
  }
  assert(count > 100, "there are examples");
});

Deno.test("operations have unique names and described groups", () => {
  const ids = operations.map(({ id }) => id);
  assertEquals(ids.length, new Set(ids).size);
  assertEquals(
    [...new Set(operations.map(({ tag }) => tag))],
    Object.keys(tags) as never,
  );
});

Deno.test("problemCodesOf() adds the problems of every route and of keys", () => {
  const [publish] = operations;
  assert(publish);
  const open = { ...publish, access: "anybody", problems: [] } as const;
  const malformed = ["bad_host", "bad_request_target", "bad_framing"];
  assertEquals([...problemCodesOf(open)], [
    [400, malformed],
    [429, ["too_many_requests"]],
    [500, ["internal_error"]],
    [503, ["too_busy", "draining"]],
  ]);
  assertEquals([...problemCodesOf({ ...open, access: ["admin"] })], [
    [400, malformed],
    [401, ["unauthorized"]],
    [403, ["insufficient_scope", "task_not_allowed"]],
    [429, ["too_many_requests"]],
    [500, ["internal_error"]],
    [503, ["verifier_unavailable", "too_busy", "draining"]],
  ]);
});

Deno.test("makeOpenApi() requires a key on the same routes as the app", async () => {
  const app = createApp(await createServices(testConfig()));
  for (const { path, method, access } of operations) {
    const route = `${method.toUpperCase()} ${path}`;
    const { security } = at(openApi, "paths", path, method);
    const response = await app.request(path.replaceAll(/[{}]/g, ""), {
      method: method.toUpperCase(),
    }, {
      remoteAddr: { hostname: "127.0.0.1" },
      completed: Promise.resolve(),
    });
    await response.body?.cancel();
    assertEquals(response.status === 401, typeof access !== "string", route);
    assertEquals(
      JSON.stringify(security).includes("apiKey"),
      response.status === 401,
      route,
    );
  }
});

Deno.test("makeOpenApi() makes the same document each time", () => {
  assertEquals(makeOpenApi(), makeOpenApi());
});

Deno.test("makeOpenApi() describes NDJSON as text with a schema for lines", () => {
  const operation = at(openApi, "paths", "/api/events", "post");
  for (
    const [place, name] of [
      [["requestBody"], "EventLine"],
      [["responses", "200"], "ResultLine"],
    ] as const
  ) {
    const type = "application/x-ndjson";
    const { schema, example } = at(operation, ...place, "content", type);
    assertEquals(schema, {
      type: "string",
      description: `NDJSON: each line is a JSON text, ${name}`,
      contentMediaType: type,
      contentSchema: { $ref: `#/components/schemas/${name}` },
    });
    const lines = String(example).trimEnd().split("\n");
    assertEquals(lines.length, 2);
    for (const line of lines) {
      const schema = ["components", "schemas", name];
      assertEquals(faultsOf("openapi", schema, JSON.parse(line)), "");
    }
  }
});
