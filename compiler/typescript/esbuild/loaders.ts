/** What esbuild makes of a file, by its ending. */
export const LOADERS: Record<string, string> = {
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".css": "css",
  ".json": "json",
  ".txt": "text",
};

/** Whether files with an ending can be imported without more. */
export function isLoadable(ending: string): boolean {
  return Object.hasOwn(LOADERS, ending);
}
