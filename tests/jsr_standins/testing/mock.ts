/**
 * The subset of `jsr:@std/testing@1/mock` used by tests, for machines without
 * access to JSR: the original module, as republished by the npm package
 * `deno-std`.
 *
 * @module
 */

// @ts-types="./mock.d.ts"
export * from "npm:deno-std@1.3.0/testing/mock.js";
