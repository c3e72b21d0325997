import { assertEquals, assertMatch } from "@std/assert";
import { typeErrorsOf } from "../../.ci/check-client-types.ts";
import { type ConnectOptions, watchTask } from "../../src/client/mod.ts";
import { startTestServer } from "../support/server.ts";

/** A caller's options, passed on even if undefined. */
type Own = { [Name in keyof ConnectOptions]?: ConnectOptions[Name] };

function watchOwn(url: string, id: string, own: Own) {
  return watchTask(url, id, {
    getToken: own.getToken,
    onConnected: own.onConnected,
    onError: own.onError,
    onState: own.onState,
    transport: own.transport,
    signal: own.signal,
    WebSocket: own.WebSocket,
    fetch: own.fetch,
  });
}

Deno.test("ConnectOptions takes undefined for each option that a caller may lack", async () => {
  await using server = await startTestServer();
  const watch = watchOwn(server.origin, "a", {});
  assertEquals((await watch.next()).value.type, "sync");
  await watch.return?.();
});

Deno.test("client.d.ts composes in plain TypeScript with exactOptionalPropertyTypes", () => {
  const errors = typeErrorsOf(`
    import { connect, type ConnectOptions, watchTask } from "./client.js";
    interface Props {
      getToken?: () => Promise<string>;
      signal?: AbortSignal;
      onError?: ConnectOptions["onError"];
      transport?: "sse";
    }
    export function follow(id: string, props: Props) {
      const { getToken, signal, onError, transport } = props;
      const client = connect("/", { getToken, signal, onError, transport });
      client.watch(id, { signal });
      return watchTask("/", id, {
        getToken, signal, onError, transport,
        onConnected: undefined, onState: undefined,
        WebSocket: undefined, fetch: undefined,
      });
    }`);
  assertEquals(errors, []);
});

Deno.test("client.d.ts describes lists", () => {
  const errors = typeErrorsOf(`
    import { type Client, type ListQuery, type Task } from "./client.js";
    export async function first(client: Client, signal?: AbortSignal) {
      const query: ListQuery = { labels: ["team:7"], status: ["running"] };
      for await (const { tasks, complete } of client.list(query, { signal })) {
        const task: Task | undefined = complete ? tasks[0] : undefined;
        return task?.title;
      }
      return client.list({ mine: true, limit: 5 });
    }`);
  assertEquals(errors, []);
});

for (
  const query of ["{}", '{ mine: true, labels: ["a"] }', "{ mine: false }"]
) {
  Deno.test(`client.d.ts rejects the query ${query} of a list`, () => {
    const errors = typeErrorsOf(
      `import { type Client } from "./client.js";
       export const open = (client: Client) => client.list(${query});`,
    );
    assertEquals(errors.length, 1);
  });
}

Deno.test("client.d.ts rejects an option of a wrong type", () => {
  const [error] = typeErrorsOf(
    `import { connect } from "./client.js"; connect("/", { getToken: "x" });`,
  );
  assertMatch(error ?? "", /^Type 'string' is not assignable/);
});
