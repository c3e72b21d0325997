import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodeEnvValue, parseEnvFile } from "../../src/config/env_file.ts";

/** Parses a file with `TASKWIRE_A=text`; returns the value. */
function valueOf(text: string): string | undefined {
  return parseEnvFile(`TASKWIRE_A=${text}\n`).TASKWIRE_A;
}

Deno.test("parseEnvFile() reads values up to the end of the line", () => {
  const cases = [
    ["k#rest", "k#rest"],
    ["#rest", "#rest"],
    ["a=b==", "a=b=="],
    ["  two words \t", "two words"],
    ["it's", "it's"],
    ['"k #rest"', "k #rest"],
    ["'k #rest'", "k #rest"],
    ["'a\\b\"c'", 'a\\b"c'],
    ['"it\'s"', "it's"],
    ["'`$HOME`'", "`$HOME`"],
    ["''", ""],
    ["", ""],
  ] as const;
  for (const [text, value] of cases) assertEquals(valueOf(text), value, text);
});

Deno.test("parseEnvFile() rejects a value that other programs read differently, and names the remedy", () => {
  const cases = [
    ["key # a comment", "put the value into quotes"],
    [" # nothing", "put the value into quotes"],
    ["a\\b", "put a value with a backslash into single quotes"],
    ['"a\\nb"', "put a value with a backslash into single quotes"],
    ['"secret', "the value's quote \" is not closed"],
    ["'secret", "the value's quote ' is not closed"],
    ['"secret" # a comment', 'remove the text after the closing quote "'],
    ["'sec''ret'", "remove the text after the closing quote '"],
  ] as const;
  for (const [text, expected] of cases) {
    const { errors } = assertThrows(() => valueOf(text), AggregateError, "");
    assertEquals(errors.length, 1);
    const { message } = errors[0];
    assertEquals(
      message.slice(0, 20 + expected.length),
      `line 1: TASKWIRE_A: ${expected}`,
    );
    assertFalse(message.includes("secret"));
  }
});

Deno.test("parseEnvFile() reads only the variables of taskwire", () => {
  const text = `\uFEFF# TASKWIRE_PORT=1
; TASKWIRE_PORT=2
TASKWIRE_PORT = 3\r
TASKWIRE_PORT=4

OTHER="a key
of several lines"
`;
  assertEquals(parseEnvFile(text), { TASKWIRE_PORT: "4" });
});

Deno.test("parseEnvFile() names every rejected line", () => {
  const text = "TASKWIRE_A=1\nexport TASKWIRE_B=2\nTASKWIRE_C: 3\nTASKWIRE_D='";
  const { errors } = assertThrows(() => parseEnvFile(text), AggregateError, "");
  assertEquals(errors.map(({ message }) => message), [
    "line 2: expected NAME=value, without 'export'",
    "line 3: expected NAME=value, without 'export'",
    "line 4: TASKWIRE_D: the value's quote ' is not closed",
  ]);
});

Deno.test("encodeEnvValue() is reversed by parseEnvFile() and by a shell", async () => {
  const value = fc.string({ unit: fc.constantFrom(..."aZ0 #'=$\"\\,/:✓") })
    .filter((text) => !(text.includes("'") && /["\\]/.test(text)));
  fc.assert(fc.property(value, (text) => {
    assertEquals(valueOf(encodeEnvValue(text)), text);
  }));
  for (const text of ["k#rest", "k #rest", "a\\b", 'x"y #', "it's #1"]) {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `A=${encodeEnvValue(text)}; printf %s "$A"`],
    }).output();
    assertEquals(new TextDecoder().decode(stdout), text);
  }
});
