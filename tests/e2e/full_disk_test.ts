import { assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { needs } from "../support/needs.ts";
import { SmallDisk } from "../support/small_disk.ts";
import { serve } from "../support/taskwire.ts";

const apiKey = "key-of-the-full-disk-test";
const headers = { Authorization: `Bearer ${apiKey}` };
const id = "disk/1";

needs("mount")(
  "a full disk is a 503, loses no acknowledged event, and needs no restart",
  async () => {
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
);

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
