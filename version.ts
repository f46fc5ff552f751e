/** The version of this release. A test checks that it equals the one in deno.json. */
export const VERSION = "0.1.0";
