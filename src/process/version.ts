import config from "../../deno.json" with { type: "json" };

/** This build's version, as `deno.json` has it. */
export const version: string = config.version;
