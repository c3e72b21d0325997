import { assertEquals, assertRejects } from "@std/assert";
import { Credentials } from "../../src/client/credentials.ts";

/** Returns tokens in sequence, then the last token repeatedly. */
function giving(...tokens: (string | undefined)[]) {
  return () => tokens.length > 1 ? tokens.shift() : tokens[0];
}

Deno.test("Credentials.forConnection() asks for a token each time; empty means no token", async () => {
  const credentials = new Credentials(giving("a", "b", ""));
  assertEquals(await credentials.forConnection(), "a");
  assertEquals(await credentials.forConnection(), "b");
  assertEquals(await credentials.forConnection(), undefined);
  const guest = new Credentials(undefined);
  assertEquals(await guest.forConnection(), undefined);
});

Deno.test("Credentials.forConnection() passes on the error of getToken", async () => {
  const credentials = new Credentials(() => Promise.reject(new Error("Away")));
  await assertRejects(
    () => credentials.forConnection(),
    Error,
    "Away",
  );
});

for (const second of ["a", undefined]) {
  Deno.test(`Credentials.forConnection() gives up if "a" was rejected and ${second} is next`, async () => {
    const credentials = new Credentials(giving("a", second));
    let gaveUp = 0;
    await credentials.forConnection();
    assertEquals(credentials.refused(() => gaveUp += 1), true);
    assertEquals(gaveUp, 0);
    await credentials.forConnection();
    assertEquals(gaveUp, 1);
    await credentials.forConnection();
    assertEquals(gaveUp, 1);
  });
}

Deno.test("Credentials.refused() tries a new token once, and again after an accepted token", async () => {
  const credentials = new Credentials(giving("a", "b", "c", "d"));
  let gaveUp = 0;
  const giveUp = () => gaveUp += 1;
  await credentials.forConnection();
  assertEquals(credentials.refused(giveUp), true);
  await credentials.forConnection();
  credentials.setStatus("authenticated");
  assertEquals(credentials.refused(giveUp), true);
  await credentials.forConnection();
  credentials.setStatus("invalid_token");
  assertEquals(gaveUp, 0);
  assertEquals(credentials.refused(giveUp), false);
  assertEquals(gaveUp, 1);
});

Deno.test("Credentials.forRenewal() skips an unchanged token, unless asked to repeat", async () => {
  const credentials = new Credentials(giving("a", "a", "a", "b"));
  await credentials.forConnection();
  assertEquals(await credentials.forRenewal(false), undefined);
  assertEquals(await credentials.forRenewal(true), "a");
  assertEquals(await credentials.forRenewal(false), "b");
});
