import { assertEquals, assertMatch } from "@std/assert";
import { makeTempDir } from "../support/temp_dir.ts";
import { RunningCommand, serve, taskwire } from "../support/taskwire.ts";

Deno.test("the tour of the guide works from an empty folder and leaves only the store there", async () => {
  await using folder = await makeTempDir();
  const cwd = folder.path;
  await using served = await serve([], { cwd });
  const { server, origin } = served;
  const [, secret = ""] = await server.line(/TASKWIRE_JWT_SECRET=(\S+)$/);
  const [, apiKey = ""] = await server.line(/TASKWIRE_API_KEYS=(\S+)$/);
  const env = { TASKWIRE_JWT_SECRET: secret, TASKWIRE_API_KEYS: apiKey };
  const at = ["--url", origin];

  const check = await taskwire(["check", ...at], { cwd, env });
  assertEquals(check.code, 0, check.stdout);
  assertEquals(check.stdout.match(/^✅ /gm)?.length, 11);

  const routes = await taskwire(["routes"], { cwd });
  assertEquals(routes.code, 0, routes.stdout);
  assertMatch(routes.stdout, /^✅ WebSocket routes: 3\n/);

  const token = await taskwire(["token", "--sub", "42"], { cwd, env });
  assertEquals(token.code, 0, token.stderr);
  await using watch = new RunningCommand(["watch", "upload_123456", ...at], {
    cwd,
    env: { TASKWIRE_TOKEN: token.stdout.trim() },
  });
  await watch.line(/^upload_123456 +waiting for its first event$/);

  const publish = async (...options: string[]) => {
    const args = ["publish", "upload_123456", ...options, ...at];
    const { code, stderr } = await taskwire(args, { cwd, env });
    assertEquals([code, stderr], [0, ""]);
  };
  await publish("--status", "queued");
  await watch.line(/ queued$/);
  await publish(
    ...["--status", "running", "--progress", "0.42"],
    ...["--message", "transcoding"],
  );
  await watch.line(/ 42% +running +transcoding$/);
  await publish("--status", "succeeded", "--progress", "1");
  await watch.line(/ 100% +succeeded +transcoding$/);
  assertEquals(await watch.exitCode(), 0);
  assertEquals(
    await watch.stderr,
    "upload_123456: connected as authenticated, user 42\n",
  );

  const page = await fetch(`${origin}/?id=upload_123456`);
  assertEquals(page.status, 200);
  assertMatch(await page.text(), /<title>taskwire<\/title>/);

  server.kill("SIGINT");
  assertEquals(await server.exitCode(), 0);
  const left = await Array.fromAsync(Deno.readDir(cwd));
  assertEquals(left.map(({ name }) => name).toSorted(), [
    "taskwire.db",
    "taskwire.db-lock",
  ]);
});
