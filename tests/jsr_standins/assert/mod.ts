/**
 * The subset of `jsr:@std/assert@1` used by tests, for machines without access
 * to JSR: the original module, as republished by the npm package `deno-std`.
 *
 * `"links"` in the root's `deno.json` replaces the package by this folder. The
 * npm package contains no types, so `mod.d.ts` declares std's types.
 *
 * @module
 */

// @ts-types="./mod.d.ts"
export * from "npm:deno-std@1.3.0/assert/mod.js";
