import { assertEquals } from "@std/assert";
import { errorCodeMeanings } from "../../src/docs/meanings.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";
import { closingErrors } from "../../src/protocol/error_codes.ts";
import { forbidden } from "../../src/realtime/session_errors.ts";
import { restarting } from "../../src/connections/retry.ts";

/** Errors after which a socket goes on. */
const harmless = [
  "bad_frame",
  "store_unavailable",
  "task_finished",
  "task_unknown",
  "too_many_subscriptions",
];

Deno.test("closingErrors has every code that sockets are told, but those after which they go on", () => {
  assertEquals(
    [...Object.keys(closingErrors), ...harmless].sort(),
    Object.keys(errorCodeMeanings).sort(),
  );
});

/** The closes that a folder's sources name, each with its error. */
async function closesIn(folder: URL): Promise<[code: string, close: number][]> {
  const closes: [string, number][] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    for (
      const [, close, code = ""] of text.matchAll(
        /closeCodes\.(\w+),(?:\s*error:)?\s*\{\s*code: "(\w+)"/g,
      )
    ) closes.push([code, closeCodes[close as keyof typeof closeCodes]]);
  }
  return closes;
}

Deno.test("closingErrors has the close code that the server sends after each", async () => {
  const closes = new Map([
    ...await closesIn(new URL("../../src/sockets/", import.meta.url)),
    ...await closesIn(new URL("../../src/cluster/", import.meta.url)),
    [forbidden().code, closeCodes.forbidden],
    [restarting().code, closeCodes.serviceRestart],
  ]);
  // The reason for 4401 may be a token's, which is also said without a close.
  closes.delete("token_expired");
  assertEquals<unknown>(
    [...closes].sort(),
    Object.entries(closingErrors).sort(),
  );
});
