import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { assertFailure } from "../support/assert_failure.ts";
import { ForeignProgram, onTerminal } from "../support/foreign_program.ts";
import { needs } from "../support/needs.ts";
import { parsePasted } from "../support/pasted.ts";
import { scrape } from "../support/scrape.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import {
  program,
  RunningCommand,
  serve,
  taskwire,
} from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { signToken } from "../support/tokens.ts";

const env = { TASKWIRE_JWT_SECRET: testSecret, TASKWIRE_API_KEYS: testApiKey };

Deno.test("serveCommand() prints address, store, auth and routes", async () => {
  await using served = await serve();
  assertNotEquals(new URL(served.origin).port, "0");
  const health = await fetch(`${served.origin}/healthz`);
  await health.body?.cancel();
  assertEquals(health.status, 200);
  for (
    const line of [
      /store: memory:/,
      /auth: +optional.*HS256, HS384, HS512.*guests are user 1/,
      /^✅ WebSocket routes: 3$/,
      /^✅ \/ws\/realtime\/\{connection_id:path\} -> WebSocketRoute$/,
    ]
  ) await served.server.line(line);
});

needs("python3")(
  "serveCommand() makes keys on loopback and prints lines that work",
  async () => {
    await using folder = await makeTempDir();
    await using terminal = new ForeignProgram(
      onTerminal([...program(), "serve", "--port", "0", "--store", "memory:"]),
      { cwd: folder.path },
    );
    const [, origin = ""] = await terminal.wrote(/listens on (http:\S+)/);
    const pasted = async (word: string) => {
      const [, line = ""] = await terminal.wrote(
        new RegExp(`^ +${word} +(.+?)\\r?$`, "m"),
      );
      return line;
    };
    const [, secret = ""] = await terminal.wrote(/TASKWIRE_JWT_SECRET=(\S+)/);
    const [, apiKey = ""] = await terminal.wrote(/TASKWIRE_API_KEYS=(\S+)/);
    assertNotEquals(secret, apiKey);

    const page = await fetch(await pasted("open"));
    await page.body?.cancel();
    assertEquals(page.status, 200);

    const watchArgs = parsePasted(await pasted("watch")).args;
    await using watch = new RunningCommand(watchArgs);
    await watch.line(/^upload_123456 +waiting/);

    const publish = parsePasted(await pasted("publish"));
    assertEquals(publish.env, { TASKWIRE_API_KEYS: apiKey });
    const publishing = await taskwire(publish.args, { env: publish.env });
    assertEquals([publishing.code, publishing.stderr], [0, ""]);
    await watch.line(/^upload_123456 .* 42% +running +transcoding$/);

    const check = parsePasted(await pasted("check"));
    assertEquals(check.env, { TASKWIRE_JWT_SECRET: secret });
    const checking = await taskwire(check.args, { env: check.env });
    assertEquals(checking.code, 0, checking.stdout);

    const end = ["publish", "upload_123456", "--status", "succeeded", "--url"];
    await taskwire([...end, origin], { env: publish.env });
    assertEquals(await watch.exitCode(), 0);
  },
);

Deno.test("serveCommand() doesn't print configured keys", async () => {
  await using served = await serve([], { env });
  served.server.kill("SIGTERM");
  await served.server.exitCode();
  const output = served.server.unread.join("\n") + await served.server.stderr;
  // Hints for newcomers appear only on a terminal.
  assertMatch(output, /-> WebSocketRoute\n/);
  assert(!output.includes("Watch a task") && !output.includes("Ctrl-C"));
  assert(!output.includes(testSecret) && !output.includes(testApiKey), output);
});

for (const workers of ["1", "2"]) {
  for (const reader of ["closed", "full"]) {
    Deno.test(`serveCommand() continues with ${workers} process(es) if standard output is ${reader}`, async () => {
      const to = reader === "full" ? " > /dev/full" : "";
      const args = ["serve", "--port", "0", "--store", "memory:"];
      const child = new Deno.Command("sh", {
        args: [
          ...["-c", `read _ && exec "$@"${to}`, "sh", ...program(), ...args],
          ...["--workers", workers],
        ],
        env,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      await child.stdout.cancel();
      const stdin = child.stdin.getWriter();
      await stdin.write(new TextEncoder().encode("go\n"));
      await stdin.close();
      let log = "";
      let origin = "";
      for await (
        const text of child.stderr.pipeThrough(new TextDecoderStream())
      ) {
        log += text;
        if (origin !== "" || !log.includes("to standard output")) continue;
        [, origin = ""] = /Listening on [^h]*(http:\/\/[\d.:]+)/.exec(log) ??
          [];
        const health = await fetch(`${origin}/healthz`);
        await health.body?.cancel();
        assertEquals(health.status, 200);
        child.kill("SIGTERM");
      }
      assertMatch(origin, /^http:/, log);
      assertEquals((await child.status).code, 0, log);
    });
  }
}

Deno.test("serveCommand() refuses a non-loopback address without a JWT key", async () => {
  const args = ["serve", "--host", "0.0.0.0", "--port", "0"];
  const result = await taskwire(args);
  assertFailure(
    result,
    1,
    /refusing to listen on 0\.0\.0\.0.*set TASKWIRE_JWT_SECRET/,
  );
  assertEquals(result.stdout, "");
});

Deno.test("serveCommand() warns of a short API key", async () => {
  await using served = await serve([], {
    env: { TASKWIRE_JWT_SECRET: testSecret, TASKWIRE_API_KEYS: "a7" },
  });
  served.server.kill("SIGTERM");
  await served.server.exitCode();
  const log = await served.server.stderr;
  assertMatch(log, /fewer than 16 characters.*openssl rand -hex 16/);
});

Deno.test("serveCommand() listens on a non-loopback address with a JWT key", async () => {
  await using served = await serve(["--host", "0.0.0.0"], {
    env: { TASKWIRE_JWT_SECRET: testSecret },
  });
  await using socket = new TestSocket(
    `${served.origin.replace("http", "ws")}/ws/test/x`,
  );
  assertEquals((await socket.nextFrame()).type, "connected");
});

Deno.test("serveCommand() gives advice if the port is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const result = await taskwire(["serve", "--port", String(port)]);
  assertFailure(
    result,
    1,
    new RegExp(`127.0.0.1:${port} is already in use: .*--port`),
  );
});

Deno.test("serveCommand() fails if the host can't be listened on", async () => {
  const result = await taskwire(["serve", "--host", "no-such-host.invalid"], {
    env,
  });
  assertFailure(
    result,
    1,
    /^error: cannot listen on no-such-host\.invalid:8000/m,
  );
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`serveCommand() disconnects watchers and exits 0 on ${signal}`, async () => {
    await using served = await serve();
    await using socket = new TestSocket(
      `${served.origin.replace("http", "ws")}/ws/realtime/x`,
    );
    await socket.nextOf("sync");
    served.server.kill(signal);
    assertEquals(await served.server.exitCode(), 0);
    assertEquals((await socket.nextFrame()).code, "server_restarting");
    assertEquals((await socket.closed).code, 1012);
  });
}

Deno.test("serveCommand() ends at once on a second signal", async () => {
  await using served = await serve(["--drain-timeout", "600"]);
  const url = `${served.origin.replace("http", "ws")}/ws/test/x`;
  await using first = new TestSocket(url);
  await first.next();
  await using second = new TestSocket(url); // drains minutes later
  await second.next();
  served.server.kill("SIGINT");
  assertEquals((await first.closed).code, 1012);
  served.server.kill("SIGINT");
  assertEquals(await served.server.exitCode(), 130); // ended by SIGINT
  assertNotEquals((await second.closed).code, 1012);
});

Deno.test("serveCommand() logs JSON lines without tokens and keys", async () => {
  await using served = await serve(["--log", "debug"], { env });
  const ws = served.origin.replace("http", "ws");
  const expired = await signToken({ sub: "42", exp: 1 });
  const good = await signToken({ sub: "42" });
  for (const token of [expired, good, "not-a-token"]) {
    for (const url of [`${ws}/ws/realtime/x?token=${token}`]) {
      await using byQuery = new TestSocket(url);
      await byQuery.nextOf("sync");
      await using byProtocol = new TestSocket(url.split("?")[0] ?? "", [
        "bearer",
        token,
      ]);
      await byProtocol.nextOf("sync");
    }
  }
  const refused = await fetch(`${served.origin}/nothing?token=${good}`, {
    headers: { Authorization: `Bearer ${good}` },
  });
  await refused.body?.cancel();
  served.server.kill("SIGTERM");
  assertEquals(await served.server.exitCode(), 0);
  const stderr = await served.server.stderr;
  const records = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert(records.length > 3, stderr);
  assert(records.every(({ level, message }) => level && message), stderr);
  assertMatch(stderr, /token_expired/);
  for (const secret of [expired, good, "not-a-token", testSecret, testApiKey]) {
    assert(!stderr.includes(secret), stderr);
  }
});

Deno.test("serveCommand() logs nothing below the configured level", async () => {
  await using served = await serve(["--log", "error"]);
  served.server.kill("SIGTERM");
  assertEquals(await served.server.exitCode(), 0);
  assertEquals(await served.server.stderr, "");
});

Deno.test("serveCommand() watches its event loop", async () => {
  await using served = await serve([], {
    env: { TASKWIRE_API_KEYS: testApiKey },
  });
  let count = 0;
  while (count === 0) {
    const { samples } = await scrape(served.origin);
    count = samples.get("taskwire_event_loop_delay_seconds_count") ?? NaN;
  }
  assert(count > 0);
});
