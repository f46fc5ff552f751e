/** Prepares inputs to damage: programs, their components, and a separate cache. */
import { build } from "../../runner/build.ts";
import { ROOT } from "../common.ts";

/** The cache in which the engines are compiled once. */
export const WARM = `${ROOT}build/fuzz-cache`;

export const SOURCES = {
  "main.ts": `import { task } from "@capsule/sdk";
    const texts = ["a", "b", "c"];
    export const main = task({ name: "main", timeout: "300ms", ram: "512MB" }, (n) => texts.join("") + n);`,
  "main.py": `from capsule import task
texts = ["a", "b", "c"]
@task(timeout="300ms", ram="512MB")
def main(n): return "".join(texts) + str(n)
`,
};
export type SourceName = keyof typeof SOURCES;

/** The result of each program for the argument 5. */
export const RESULT = "abc5";

export interface Prepared {
  /** The project. */
  folder: string;
  /** The cache of child processes. */
  cache: string;
  /** Whole components, full and thin. */
  components: Uint8Array[];
  [Symbol.dispose](): void;
}

/** Creates all of it in new folders, with engines copied from a cache. */
export async function prepare(warm: string): Promise<Prepared> {
  Deno.mkdirSync(warm, { recursive: true, mode: 0o700 });
  Deno.env.set("CAPSULE_CACHE_DIR", warm);
  const folder = Deno.makeTempDirSync({ prefix: "capsule-fuzz-" });
  const cache = Deno.makeTempDirSync({ prefix: "capsule-fuzz-cache-" });
  Deno.chmodSync(cache, 0o700);
  const components: Uint8Array[] = [];
  for (const [file, source] of Object.entries(SOURCES)) {
    Deno.writeTextFileSync(`${folder}/${file}`, source);
    for (const thin of [false, true]) {
      const { path } = await build({ file, cwd: folder, thin });
      components.push(Deno.readFileSync(path));
    }
  }
  for (const { name, isFile } of Deno.readDirSync(warm)) {
    if (isFile) Deno.linkSync(`${warm}/${name}`, `${cache}/${name}`);
  }
  return {
    folder,
    cache,
    components,
    [Symbol.dispose]() {
      for (const path of [folder, cache]) Deno.removeSync(path, { recursive: true });
    },
  };
}
