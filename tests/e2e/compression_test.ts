import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import http from "node:http";
import { gunzipSync } from "node:zlib";
import { testApiKey } from "../support/server.ts";
import { serve } from "../support/taskwire.ts";

/** The bytes of an answer on the wire: `fetch` would decompress the answer. */
interface WireAnswer {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Uint8Array;
}

interface WireRequest {
  readonly encoding: string;
  readonly method?: string;
  readonly body?: string;
  readonly isEndless?: boolean;
}

/**
 * Sends a request as an operator; reads only the first bytes of an endless
 * answer.
 */
function request(
  url: string,
  { encoding, method = "GET", body, isEndless = false }: WireRequest,
): Promise<WireAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WireAnswer>();
  const headers = {
    "Accept-Encoding": encoding,
    "Authorization": `Bearer ${testApiKey}`,
  };
  const options = { method, headers, agent: false as const };
  const sent = http.request(url, options, (answer) => {
    const { statusCode: status, headers } = answer;
    const chunks: Uint8Array[] = [];
    const finish = () =>
      resolve({ status, headers, bytes: Buffer.concat(chunks) });
    answer.on("data", (chunk: Uint8Array) => {
      chunks.push(chunk);
      if (!isEndless) return;
      finish();
      answer.destroy();
    });
    answer.on("end", finish);
  });
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

const staticPaths = [
  "/",
  "/client.js",
  "/client.d.ts",
  "/console",
  "/console/console.css",
  "/console/vendor/uPlot.esm.js",
  "/docs",
  "/openapi.json",
  "/asyncapi.json",
];

Deno.test("static files are compressed by Accept-Encoding, and never by the runtime", async () => {
  await using served = await serve([], {
    env: { TASKWIRE_API_KEYS: testApiKey },
  });
  for (const path of staticPaths) {
    const url = served.origin + path;
    const plain = await request(url, { encoding: "identity" });
    const gzip = await request(url, { encoding: "gzip, deflate, br, zstd" });
    // The runtime would compress with `br`, anew for each request.
    const br = await request(url, { encoding: "br" });
    assertEquals(
      [plain, gzip, br].map(({ status, headers }) => [
        status,
        headers["content-encoding"],
      ]),
      [[200, undefined], [200, "gzip"], [200, undefined]],
      path,
    );
    assertLess(gzip.bytes.length, plain.bytes.length * 0.6, path);
    assertEquals(gunzipSync(gzip.bytes), Buffer.from(plain.bytes), path);
    assertEquals(br.bytes, plain.bytes, path);
    for (const { headers, bytes } of [plain, gzip, br]) {
      assertMatch(headers.vary ?? "", /accept-encoding/i, path);
      assertEquals(headers["cache-control"], "no-cache, no-transform", path);
      assertEquals(headers["content-length"], String(bytes.length), path);
    }
  }
});

Deno.test("answers of the API and streams are never compressed", async () => {
  await using served = await serve([], {
    env: { TASKWIRE_API_KEYS: testApiKey },
  });
  const { origin } = served;
  const lines = `{"connection_id":"a","message":"${"m".repeat(900)}"}\n`;
  const requests: readonly (Omit<WireRequest, "encoding"> & {
    readonly path: string;
  })[] = [
    { path: "/api/events", method: "POST", body: lines.repeat(100) },
    { path: "/api/tasks" },
    { path: "/api/tasks/a" },
    { path: "/api/tasks/a/events" },
    { path: "/api/config" },
    { path: "/metrics" },
    { path: "/readyz" },
    { path: `/${"none".repeat(100)}` },
    { path: "/sse/realtime/a", isEndless: true },
  ];
  for (const { path, ...rest } of requests) {
    const { headers, bytes } = await request(origin + path, {
      encoding: "gzip, br",
      ...rest,
    });
    assert(bytes.length > 0, path);
    assertEquals(headers["content-encoding"], undefined, path);
    assertMatch(headers["cache-control"] ?? "", /no-transform/, path);
  }
});

Deno.test("an event stream forbids buffering by proxies", async () => {
  await using served = await serve();
  const { headers } = await request(`${served.origin}/sse/realtime/a`, {
    encoding: "gzip",
    isEndless: true,
  });
  assertEquals(headers["cache-control"], "no-cache, no-transform");
  assertEquals(headers["x-accel-buffering"], "no");
});
