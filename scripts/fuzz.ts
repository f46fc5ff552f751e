/**
 * Feeds random damaged and hostile input to the host's parsers. Each case must end in an error, in a rebuild, or as a guest
 * with normal rights: never in a crash, a timeout, or a wrong result.
 *
 * Usage: deno task fuzz [SECONDS] [KIND…]       by default 600 seconds and all kinds; prints the seed of a failure
 *        deno task fuzz --seed N KIND           repeats the cases of a seed
 */
import { cpuUsage } from "node:process";
import { cache } from "./fuzz/cache.ts";
import { components } from "./fuzz/components.ts";
import { config } from "./fuzz/config.ts";
import { imports } from "./fuzz/imports.ts";
import type { Kind } from "./fuzz/kind.ts";
import { pythonImports } from "./fuzz/python_imports.ts";
import { Random } from "./fuzz/random.ts";

const KINDS: Record<string, Kind> = { components, cache, config, imports, python: pythonImports };

/** The data limit of a process. Reserved address space of sandboxes does not count. */
const MEMORY_KIB = 3 << 20;
/** The time limit for starting and preparing, which may compile an engine. */
const START_MS = 300_000;
/** Extra time for each case, in case the machine is busy. */
const WAITED_MS = 60_000;

if (Deno.args[0] === "--seed") {
  await tryOne(Number(Deno.args[1]), kindOf(Deno.args[2]));
  Deno.exit();
}
const [seconds = "600", ...named] = Deno.args;
const names = named.length > 0 ? named : Object.keys(KINDS);
if (!(Number(seconds) > 0)) fail(`SECONDS must be a positive number (got ${seconds})`);
names.forEach(kindOf);
await tryAll(Number(seconds), names);

function kindOf(name = ""): Kind {
  return KINDS[name] ?? fail(`unknown kind "${name}"; there are: ${Object.keys(KINDS).join(", ")}`);
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}

/** Starts one process after the other until the time is over, alternating between kinds. */
async function tryAll(seconds: number, names: string[]): Promise<void> {
  const endMs = Date.now() + seconds * 1000;
  const totals = new Map<string, number>();
  const first = Date.now() % 1_000_000;
  for (let turn = 0; Date.now() < endMs; turn++) {
    const name = names[turn % names.length]!;
    const problem = await watch(name, first + turn, (outcome) => {
      totals.set(`${name}: ${outcome}`, (totals.get(`${name}: ${outcome}`) ?? 0) + 1);
    });
    if (problem === undefined) continue;
    console.error(`✘ ${problem}\nReproduce: deno task fuzz --seed ${first + turn} ${name}`);
    Deno.exit(1);
  }
  for (const outcome of [...totals.keys()].sort()) {
    console.log(`${totals.get(outcome)}  ${outcome}`);
  }
}

/** Runs the cases of a seed in a process with limits. Returns the problem, if there was one. */
async function watch(
  name: string,
  seed: number,
  count: (outcome: string) => void,
): Promise<string | undefined> {
  const script = ["run", "-A", "--quiet", import.meta.filename!, "--seed", String(seed), name];
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -d ${MEMORY_KIB} && exec "$@"`, "sh", Deno.execPath(), ...script],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  let isLate = false;
  const late = () => {
    isLate = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(late, START_MS);
  let begun = 0;
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    clearTimeout(timer);
    timer = setTimeout(late, WAITED_MS + 5 * KINDS[name]!.caseMs);
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(count);
    begun += lines.length;
  }
  clearTimeout(timer);
  const { code, signal } = await child.status;
  if (code === 0) return undefined;
  const how = isLate ? "did not end" : `ended with ${signal ?? `status ${code}`}`;
  return `${name}, seed ${seed}, case ${begun}: ${how}\n${await errors}`;
}

/** Runs the cases of a seed in this process, and prints the outcome of each. */
async function tryOne(seed: number, kind: Kind): Promise<void> {
  const random = new Random(seed);
  using fuzzer = await kind.prepare();
  for (let number = 0; number < kind.cases; number++) {
    const [startedMs, before] = [performance.now(), cpuUsage()];
    const outcome = await fuzzer.try(random);
    const { user, system } = cpuUsage(before);
    // CPU time counts if it is less, as the machine may be busy. A case that only waits is ended by the parent process.
    const spentMs = Math.min(performance.now() - startedMs, (user + system) / 1000);
    if (spentMs > kind.caseMs) {
      throw new Error(`case ${number} took ${Math.round(spentMs)} ms: ${outcome}`);
    }
    console.log(outcome);
  }
}
