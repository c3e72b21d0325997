import { assert, assertEquals } from "@std/assert";
import { Parser } from "@asyncapi/parser";
import {
  documentedCloses,
  makeAsyncApi,
  messageNamesOf,
} from "../../src/docs/asyncapi.ts";
import { channels } from "../../src/docs/channels.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";
import {
  asyncApi,
  at,
  faultsOf,
  type Json,
  openApi,
} from "../support/documents.ts";

Deno.test("makeAsyncApi() makes a document valid for AsyncAPI's own parser", async () => {
  const { document, diagnostics } = await new Parser().parse(
    structuredClone(asyncApi) as never,
  );
  assertEquals(
    diagnostics.map(({ code }) => code),
    // 3.1 is out, but most tools support 3.0
    ["asyncapi-latest-version"],
  );
  assert(document);
  assertEquals(document.version(), "3.0.0");
  assertEquals(
    document.channels().all().map((channel) => channel.address()),
    channels.map(({ path }) => path),
  );
});

Deno.test("makeAsyncApi() names each type that a generated client declares", async () => {
  const { document } = await new Parser().parse(
    structuredClone(asyncApi) as never,
  );
  assert(document);
  const nameless = document.allSchemas().all().filter((schema) =>
    // A constant is a member's only value, and needs no type.
    (schema.type() === "object" || (schema.enum() && !schema.const())) &&
    schema.id().startsWith("<anonymous")
  );
  // The parameters of the query are not a message.
  const parameters = nameless.filter((schema) =>
    schema.properties() && "token" in (schema.properties() ?? {})
  );
  assertEquals(nameless.length - parameters.length, 0);
});

Deno.test("the documents avoid type names reserved by languages", () => {
  const builtIn = ["Error", "Exception", "History", "Task", "Thread", "Text"];
  for (const document of [asyncApi, openApi]) {
    const names = Object.keys(at(document, "components", "schemas"));
    assertEquals(
      names.filter((name) => name in globalThis || builtIn.includes(name)),
      [],
    );
  }
});

Deno.test("makeAsyncApi() has examples that validate", () => {
  let count = 0;
  for (
    const [name, message] of Object.entries(
      at(asyncApi, "components", "messages"),
    )
  ) {
    const { examples = [] } = message as { examples?: { payload: unknown }[] };
    for (const { payload } of examples) {
      count += 1;
      const pointer = ["components", "messages", name, "payload"];
      assertEquals(faultsOf("asyncapi", pointer, payload), "", name);
    }
  }
  assert(count > 17);
});

Deno.test("makeAsyncApi() has each message of a route sent or received", () => {
  const operations = Object.values(
    at(asyncApi, "operations"),
  ) as { action: string; messages: { $ref: string }[] }[];
  for (const channel of channels) {
    const { received, sent } = messageNamesOf(channel);
    for (const [action, names] of [["receive", received], ["send", sent]]) {
      const refs = operations.filter((operation) => operation.action === action)
        .flatMap(({ messages }) => messages.map(({ $ref }) => $ref));
      for (const name of names ?? []) {
        const ref = `#/channels/${channel.id}/messages/${name}`;
        assert(refs.includes(ref), `${action} ${ref}`);
      }
    }
  }
});

Deno.test("makeAsyncApi() names every message in a route", () => {
  const used = channels.flatMap((channel) =>
    Object.values(messageNamesOf(channel)).flat()
  );
  assertEquals(
    [...new Set(used)].sort(),
    Object.keys(at(asyncApi, "components", "messages")).sort(),
  );
});

Deno.test("documentedCloses has every close code, in order", () => {
  const codes: number[] = Object.values(closeCodes);
  assertEquals(documentedCloses.map(({ code }) => code), codes.toSorted());
  assertEquals(
    (makeAsyncApi() as Json)["x-close-codes"],
    documentedCloses as never,
  );
});
