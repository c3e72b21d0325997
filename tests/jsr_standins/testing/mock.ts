/**
 * What tests use of `jsr:@std/testing@1/mock`, for machines that cannot reach
 * JSR: the module itself, as the npm package `deno-std` republishes it.
 *
 * @module
 */

// @ts-types="./mock.d.ts"
export * from "npm:deno-std@1.3.0/testing/mock.js";
