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

Deno.test("client.d.ts rejects an option of a wrong type", () => {
  const [error] = typeErrorsOf(
    `import { connect } from "./client.js"; connect("/", { getToken: "x" });`,
  );
  assertMatch(error ?? "", /^Type 'string' is not assignable/);
});
