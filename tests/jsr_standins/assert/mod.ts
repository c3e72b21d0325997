/**
 * What tests use of `jsr:@std/assert@1`, for machines that cannot reach JSR:
 * the module itself, as the npm package `deno-std` republishes it.
 *
 * `"links"` in the root's `deno.json` puts this in the package's place. The
 * npm package carries no types, so `mod.d.ts` declares std's.
 *
 * @module
 */

// @ts-types="./mod.d.ts"
export * from "npm:deno-std@1.3.0/assert/mod.js";
