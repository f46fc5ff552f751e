import type { Platform } from "./platform.ts";

export type { Child, FileStat, Platform } from "./platform.ts";

/**
 * The platform of this process. Each runtime loads only its own file; a bundle for one runtime has that file instead of
 * this one.
 */
export const { platform }: { platform: Platform } = "Deno" in globalThis
  ? await import("./deno.ts")
  : await import("./node.ts");
