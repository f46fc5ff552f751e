/** The version of this release, the same as in deno.json: a test says so. */
export const VERSION = "0.1.0";
