import type { Platform } from "./platform.ts";

export type { Child, FileStat, Platform } from "./platform.ts";

/**
 * The machine that this process runs on. Each runtime loads its own file only; a bundle for one has that file
 * instead of this one.
 */
export const { platform }: { platform: Platform } = "Deno" in globalThis
  ? await import("./deno.ts")
  : await import("./node.ts");
