import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeIssuerKey } from "../support/keys.ts";
import { startKeyServer } from "../support/key_server.ts";
import { startTestServer, testApiKey, testSecret } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { serve, taskwire } from "../support/taskwire.ts";

/** Starts a proxy that records requests and answers none. */
function startProxy() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines: string[] = [];
  const hangingUp = (async () => {
    for await (const connection of listener) {
      const bytes = new Uint8Array(1_000);
      const count = await connection.read(bytes) ?? 0;
      const [line = ""] = new TextDecoder().decode(bytes.subarray(0, count))
        .split("\r\n");
      lines.push(line);
      connection.close();
    }
  })();
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    /** Lists the request lines for a host; the runtime itself sends requests to further hosts. */
    requestsFor: (host: string) => lines.filter((line) => line.includes(host)),
    async [Symbol.asyncDispose]() {
      listener.close();
      await hangingUp;
    },
  };
}

function proxied(origin: string): Record<string, string> {
  return {
    TASKWIRE_API_KEYS: testApiKey,
    TASKWIRE_JWT_SECRET: testSecret,
    ...Object.fromEntries(
      ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"]
        .map((name) => [name, origin]),
    ),
  };
}

Deno.test("exemptLoopback() keeps the commands' requests to this machine away from a proxy", async () => {
  await using proxy = startProxy();
  await using server = await startTestServer();
  const { port } = new URL(server.origin);
  const env = proxied(proxy.origin);
  for (const host of ["127.0.0.1", "localhost"]) {
    const at = ["--url", `http://${host}:${port}`];
    const calls = [
      ["check", ...at],
      ["check", "--ready", "0", ...at],
      ["publish", host, "--status", "succeeded", ...at],
      ["watch", host, ...at],
    ];
    for (const args of calls) {
      const { code, stdout, stderr } = await taskwire(args, { env });
      assertEquals(code, 0, stdout + stderr);
    }
    assertEquals(proxy.requestsFor(host), []);
  }
});

Deno.test("exemptLoopback() leaves the proxy for other hosts, and NO_PROXY in force", async () => {
  await using proxy = startProxy();
  const env = proxied(proxy.origin);
  const args = ["check", "--ready", "0", "--url", "http://nowhere.invalid"];
  await taskwire(args, { env });
  const asked = ["GET http://nowhere.invalid/readyz HTTP/1.1"];
  assertEquals(proxy.requestsFor("nowhere"), asked);
  for (const name of ["NO_PROXY", "no_proxy"]) {
    const { stdout } = await taskwire(args, {
      env: { ...env, [name]: "example.com,.invalid" },
    });
    assertStringIncludes(stdout, "the host name does not resolve");
  }
  assertEquals(proxy.requestsFor("nowhere"), asked);
});

for (const workers of ["1", "2"]) {
  Deno.test(`exemptLoopback() lets ${workers} process(es) fetch keys from this machine`, async () => {
    await using proxy = startProxy();
    const key = await makeIssuerKey("ES256", "of the issuer");
    await using issuer = startKeyServer({ keys: [key.jwk] });
    const { TASKWIRE_JWT_SECRET: _, ...env } = proxied(proxy.origin);
    await using served = await serve(["--workers", workers], {
      env: { ...env, TASKWIRE_JWKS_URL: issuer.url.href },
    });
    const token = await key.sign({ sub: "42" });
    const url = new URL(`${served.origin}/ws/realtime/x`);
    url.searchParams.set("token", token);
    await using socket = new TestSocket(url.href.replace("http", "ws"));
    assertEquals((await socket.nextFrame()).auth_status, "authenticated");
    assertEquals(proxy.requestsFor("127.0.0.1"), []);
  });
}
