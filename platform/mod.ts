import type { Platform } from "./platform.ts";

export type { Database, FileStat, Platform, SqlValue } from "./platform.ts";

/** The machine that this process runs on. */
export const { platform }: { platform: Platform } = await import("./deno.ts");
