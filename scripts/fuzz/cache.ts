/** Damages files of the cache. */
import { ROOT } from "../common.ts";
import type { Kind } from "./kind.ts";
import { prepare, type Prepared, RESULT, type SourceName, SOURCES, WARM } from "./prepare.ts";
import type { Random } from "./random.ts";

/** Each case starts two processes. */
export const cache: Kind = {
  cases: 5,
  caseMs: 60_000,
  async prepare() {
    const prepared = await prepare(WARM);
    return {
      try: (random) => damageCache(random, prepared),
      [Symbol.dispose]: () => prepared[Symbol.dispose](),
    };
  },
};

/**
 * Damages a file of the cache, and runs a source in a new process: its result must be right.
 *
 * @throws If the result is wrong.
 */
export async function damageCache(random: Random, { folder, cache }: Prepared): Promise<string> {
  const file = random.of(Object.keys(SOURCES) as SourceName[]);
  await runSource(file, folder, cache);
  const path = random.of([...filesIn(cache), ...filesIn(`${folder}/.capsule`)]);
  const content = Deno.readFileSync(path);
  // Never in place: truncating a mapped file would crash the process that has mapped it.
  Deno.writeFileSync(`${path}.new`, random.damaged(content), { mode: 0o600 });
  Deno.renameSync(`${path}.new`, path);
  await runSource(file, folder, cache);
  const kind = path.match(/\.\w+(?:\.seal)?$/)?.[0] ?? path;
  return `cache file ${kind}: right`;
}

async function runSource(file: SourceName, folder: string, cache: string): Promise<void> {
  const cli = ["run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`, `${ROOT}cli.ts`];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...cli, "run", file, "--args-json", "[5]"],
    cwd: folder,
    env: { CAPSULE_CACHE_DIR: cache },
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (code === 0 && text === `${RESULT}\n`) return;
  throw new Error(`${file} ended with ${code}: ${text}${new TextDecoder().decode(stderr)}`);
}

function filesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  ).sort();
}
