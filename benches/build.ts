/**
 * Measures the size of components, and the time to build and run them, with the command line as a process and in its own
 * folders and cache.
 *
 * Usage: deno task bench build
 */
import { cacheFolder } from "../install/certificates.ts";
import { ROOT } from "../scripts/common.ts";
import { preparePrograms, PROGRAMS } from "./packages.ts";
import { table } from "./report.ts";
import { median } from "./statistics.ts";

const ROUNDS = 7;

const CASES: [name: string, file: string][] = [
  ["hello.ts", `${ROOT}examples/hello.ts`],
  ["zod", `${PROGRAMS}/zod.ts`],
  ["hello.py", `${ROOT}examples/hello.py`],
  ["bs4", `${PROGRAMS}/soup.py`],
  ["200,000 entries", `${PROGRAMS}/table.py`],
];

await preparePrograms();
const cache = Deno.makeTempDirSync({ prefix: "capsule-bench-" });
Deno.chmodSync(cache, 0o700);
warm();
const rows = [["program", "size, MB", "thin, KB", "build, s", "first exec, ms", "exec", "run"]];
for (const [name, file] of CASES) {
  const folder = Deno.makeTempDirSync({ prefix: "capsule-bench-" });
  const output = `${folder}/main.wasm`, thin = `${folder}/thin.wasm`;
  const from = file.slice(0, file.lastIndexOf("/"));
  await capsule(from, "run", file);
  const buildMs = await capsule(from, "build", file, "--output", output);
  await capsule(from, "build", file, "--thin", "--output", thin);
  const firstMs = await capsule(folder, "exec", output);
  const exec: number[] = [], run: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    exec.push(await capsule(folder, "exec", output));
    run.push(await capsule(from, "run", file));
  }
  rows.push([
    name,
    (Deno.statSync(output).size / 2 ** 20).toFixed(1),
    (Deno.statSync(thin).size / 2 ** 10).toFixed(1),
    (buildMs / 1000).toFixed(2),
    firstMs.toFixed(0),
    median(exec).toFixed(0),
    median(run).toFixed(0),
  ]);
  Deno.removeSync(folder, { recursive: true });
}
Deno.removeSync(cache, { recursive: true });
console.log(table(rows));

/** Runs the command line. Returns how long it took. */
async function capsule(cwd: string, ...args: string[]): Promise<number> {
  const startedMs = performance.now();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-config", "--no-lock", `${ROOT}dist/cli.js`, ...args],
    cwd,
    env: { CAPSULE_CACHE_DIR: cache },
  }).output();
  if (code !== 0) throw new Error(`${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return performance.now() - startedMs;
}

/** Compiled engines, copied from the user's cache. */
function warm(): void {
  for (const { name, isFile } of Deno.readDirSync(cacheFolder()!)) {
    if (isFile) Deno.copyFileSync(`${cacheFolder()}/${name}`, `${cache}/${name}`);
  }
}
