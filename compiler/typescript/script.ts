/** Programs in TypeScript that declare no task: their code runs inside of the one that they are. */
import { imported, SDK } from "./engine_modules.ts";

/** What the engine knows them by: it stands last. */
const MARK = "/*capsule:script*/";

/** Of an import of the SDK, what esbuild leaves as it is. Its name alone may stand in any text. */
const SDK_IMPORT = imported(SDK).slice(imported(SDK).indexOf("Symbol"));

/** Names of a program, as its code calls them. */
export interface Exported {
  main?: string | undefined;
  default?: string | undefined;
}

/**
 * A bundle as a script, if it has nothing that could declare a task: it gives back what it exports as `main` and as
 * `default`.
 */
export function asScript(bundle: string, exported: Exported): string {
  if (bundle.includes(SDK_IMPORT)) return bundle;
  const members = Object.entries(exported).filter(([, local]) => local !== undefined)
    .map(([name, local]) => `${name}: ${local}`);
  return `${bundle}\n;return { ${members.join(", ")} };${MARK}`;
}
