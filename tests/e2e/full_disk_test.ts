import { assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/cli/output.ts";
import { serve } from "../support/taskwire.ts";

const apiKey = "key-of-the-full-disk-test";
const headers = { Authorization: `Bearer ${apiKey}` };
const id = "disk/1";

// A small disk of its own can be mounted by root only; CI is root.
const canMount = Deno.build.os === "linux" && Deno.uid() === 0;

Deno.test({
  name:
    "a full disk is a 503, loses nothing acknowledged, and needs no restart",
  ignore: !canMount && !Deno.env.has("CI"),
  async fn() {
    await using disk = await SmallDisk.mount("4m");
    await Deno.writeFile(`${disk.path}/filler`, new Uint8Array(2_000_000));
    const { server, origin } = await serve([], {
      cwd: disk.path,
      env: { TASKWIRE_API_KEYS: apiKey },
    });
    await using _ = server;

    const acknowledged: number[] = [];
    let refusal: Response | undefined;
    while (refusal === undefined) {
      const response = await publish(origin);
      if (response.status !== 201) refusal = response;
      else acknowledged.push((await response.json()).offset);
    }
    assertEquals(refusal.status, 503);
    assertEquals((await refusal.json()).code, "store_unavailable");
    assertEquals(refusal.headers.has("retry-after"), true);
    assertGreater(acknowledged.length, 0);
    assertEquals(await storedOffsets(origin), acknowledged);

    await Deno.remove(`${disk.path}/filler`);
    const response = await publish(origin);
    assertEquals(response.status, 201);
    acknowledged.push((await response.json()).offset);
    assertEquals(await storedOffsets(origin), acknowledged);
    printLine(
      `full disk: ${acknowledged.length} events acknowledged and found, then 503, then taken again`,
    );
  },
});

function publish(origin: string): Promise<Response> {
  return fetch(`${origin}/api/tasks/${encodeURIComponent(id)}/events`, {
    method: "POST",
    headers,
    body: JSON.stringify({ data: "x".repeat(60_000) }),
  });
}

async function storedOffsets(origin: string): Promise<number[]> {
  const response = await fetch(
    `${origin}/api/tasks/${encodeURIComponent(id)}/events?limit=1000`,
    { headers },
  );
  const { events } = await response.json();
  return events.map(({ offset }: { offset: number }) => offset);
}

/** A file system of a few megabytes. */
class SmallDisk implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async mount(size: string): Promise<SmallDisk> {
    const path = await Deno.makeTempDir({ prefix: "taskwire-disk-" });
    await run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
    return new SmallDisk(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    await Deno.remove(this.path);
  }
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
