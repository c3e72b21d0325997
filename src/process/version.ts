import config from "../../deno.json" with { type: "json" };

/** The version of this build, from `deno.json`. */
export const version: string = config.version;
