import { assertEquals } from "@std/assert";
import {
  type Embedded,
  embeddedPackages,
  importedPackages,
} from "../../.ci/compile.ts";

Deno.test("embeddedPackages() reads plain and scoped names", () => {
  const output = `
Embedded Files

taskwire
├─┬ .deno_compile_node_modules (8.75MB - 8.68MB unique)
│ └─┬ localhost (8.75MB - 8.68MB unique)
│   ├── @logtape/logtape/* (1.14MB)
│   ├─┬ @sinonjs (217.94KB)
│   │ ├── commons/* (38.13KB)
│   │ └── fake-timers/* (179.81KB)
│   └── zod/4.6.7/* (5.93MB)
├── main.ts (7.97KB)
└── src/playground/* (54B)
`;
  assertEquals(embeddedPackages(output), [
    "@logtape/logtape",
    "@sinonjs/commons",
    "@sinonjs/fake-timers",
    "zod",
  ]);
});

Deno.test("embeddedPackages() reads a single package", () => {
  const output = "└── .deno_compile_node_modules/localhost/hono/4.13.19/* (1B)";
  assertEquals(embeddedPackages(output), ["hono"]);
});

if (Deno.env.has("TASKWIRE_BINARY")) {
  Deno.test("the binary embeds the imports of main.ts, as locked", async () => {
    const { options, npm }: Embedded = JSON.parse(
      await Deno.readTextFile("dist/embedded.json"),
    );
    const imported = await importedPackages(options);
    assertEquals(npm, [...new Set(imported.values())].sort());
    // a large package of the tests only: shows that unneeded packages are absent
    assertEquals(npm.includes("playwright-core"), false);

    const lock = JSON.parse(await Deno.readTextFile("deno.lock"));
    const unlocked = [...imported.keys()].filter((id) => !(id in lock.npm));
    assertEquals(unlocked, []);
  });
}
