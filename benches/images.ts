/**
 * Measures what images save: a call from the image of its program, compared with loading the program in a sandbox and
 * calling it there. Both are measured in one run, in alternating blocks.
 *
 * Usage: deno task bench images
 */
import { compile } from "../compiler/compile.ts";
import { fileSource } from "../compiler/program.ts";
import { packageFolders } from "../compiler/python/packages.ts";
import type { TaskPolicy } from "../ffi/native.ts";
import { encodeInput } from "../runner/envelope/input.ts";
import { runtime } from "../runner/runtime.ts";
import { ROOT } from "../scripts/common.ts";
import { preparePrograms, PROGRAMS } from "./packages.ts";
import { table } from "./report.ts";
import { median } from "./statistics.ts";

const BLOCKS = 4;
const CALLS_OF_A_BLOCK = 50;
/** Programs that are slow to load are loaded less often. */
const BUDGET_MS = 2500;

const CASES: [name: string, file: string, args?: unknown[]][] = [
  ["hello.ts", `${ROOT}examples/hello.ts`],
  ["lodash", `${PROGRAMS}/lodash.ts`],
  ["zod", `${PROGRAMS}/zod.ts`],
  ["zod, a first parse", `${PROGRAMS}/zod.ts`, [true]],
  ["cheerio", `${PROGRAMS}/cheerio.ts`],
  ["hello.py", `${ROOT}examples/hello.py`],
  ["jinja2", `${PROGRAMS}/jinja.py`],
  ["bs4", `${PROGRAMS}/soup.py`],
  ["pyyaml", `${PROGRAMS}/yaml_load.py`],
  ["200,000 entries", `${PROGRAMS}/table.py`],
];

const POLICY: TaskPolicy = {
  fuel: 50_000_000_000,
  memory_bytes: null,
  timeout_ms: null,
  max_retries: 0,
};

const HOST = { cwd: PROGRAMS, environment: undefined };

await preparePrograms();
const rows = [["program", "call, ms", "in the host", "load + call", "ratio", "fuel of the call"]];
for (const [name, file, args = []] of CASES) {
  const source = fileSource(file, { root: PROGRAMS });
  const { program } = await compile(source);
  const { language, files, sourceMap } = program;
  // Without a key, no image is stored or found, so each load runs the top-level code.
  const packages = language === "python" ? packageFolders(source, HOST) : [];
  const load = () => runtime().load({ language, files, sourceMap, packages }, () => {});
  const call = async (id: number) => {
    const input = encodeInput(args, undefined);
    const grant = runtime().grant({ program: id, policies: { main: POLICY } });
    const request = { grant, task: "main", input, observe: false };
    const envelope = JSON.parse((await runtime().run(request, () => {})).json);
    if (!envelope.success) throw new Error(`${name}: ${envelope.error.message}`);
    return envelope.execution;
  };
  const kept = await load();
  // The first calls of a program complete its image.
  for (let round = 0; round < 200; round++) await call(kept.id);
  const calls: number[] = [], native: number[] = [], loads: number[] = [];
  let fuel = 0;
  for (let block = 0; block < BLOCKS; block++) {
    for (let round = 0; round < CALLS_OF_A_BLOCK; round++) {
      const before = performance.now();
      const execution = await call(kept.id);
      calls.push(performance.now() - before);
      native.push(execution.duration_ms);
      fuel = execution.fuel_consumed;
    }
    const started = performance.now();
    for (let round = 0; round < CALLS_OF_A_BLOCK; round++) {
      const before = performance.now();
      if (before - started > BUDGET_MS) break;
      const fresh = await load();
      await call(fresh.id);
      loads.push(performance.now() - before);
      runtime().unload(fresh.id);
    }
  }
  runtime().unload(kept.id);
  const [image, alone] = [median(calls), median(loads)];
  rows.push([
    name,
    image.toFixed(2),
    median(native).toFixed(2),
    alone.toFixed(1),
    `${(alone / image).toFixed(0)} ×`,
    fuel.toLocaleString("en"),
  ]);
}
console.log(table(rows));
console.log(`\nMedians of ${BLOCKS * CALLS_OF_A_BLOCK} calls, one after the other, from Deno.`);
Deno.exit(0);
