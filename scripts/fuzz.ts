/**
 * Damages components, images and cache files at random, and runs what is left of them. Each must end in an
 * error, in a rebuild, or in what a guest may do: never in a crash, and never in a wrong result of a source.
 *
 * Usage: deno task fuzz [SECONDS]     600 by default; a seed that fails is shown
 *        deno task fuzz --seed N      that one alone
 */
import { damageCache } from "./fuzz/cache.ts";
import { damageComponents } from "./fuzz/components.ts";
import { Random } from "./fuzz/random.ts";
import { prepare, type Prepared, WARM } from "./fuzz/prepare.ts";

/** One process tries so many: it may crash, and this one tells. */
const CASES_AT_ONCE = 40;

if (Deno.args[0] === "--seed") {
  await tryOne(Number(Deno.args[1]));
  Deno.exit();
}
await tryAll(Number(Deno.args[0] ?? 600));

/** Starts processes until the time is over. */
async function tryAll(seconds: number): Promise<void> {
  const endMs = Date.now() + seconds * 1000;
  const totals: Record<string, number> = {};
  for (let seed = Date.now() % 1_000_000; Date.now() < endMs; seed++) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", import.meta.filename!, "--seed", String(seed)],
    }).output();
    if (code !== 0) {
      console.error(new TextDecoder().decode(stderr));
      console.error(`✘ seed ${seed} ended with status ${code}`);
      Deno.exit(1);
    }
    for (const [outcome, count] of Object.entries(JSON.parse(new TextDecoder().decode(stdout)))) {
      totals[outcome] = (totals[outcome] ?? 0) + Number(count);
    }
  }
  for (const outcome of Object.keys(totals).sort()) console.log(`${totals[outcome]}  ${outcome}`);
}

/** Tries some cases, and prints how often each outcome came. */
async function tryOne(seed: number): Promise<void> {
  const random = new Random(seed);
  const outcomes: Record<string, number> = {};
  const count = (outcome: string) => outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  using prepared: Prepared = await prepare(WARM);
  for (let number = 0; number < CASES_AT_ONCE; number++) {
    // Another process for each: what is mapped is not read again.
    count(
      number % 10 === 9
        ? await damageCache(random, prepared)
        : await damageComponents(random, prepared),
    );
  }
  console.log(JSON.stringify(outcomes));
}
