/** The first run after an installation, without a cache. */
import { PROGRAMS } from "../../packages.ts";
import type { Side } from "../../comparison/side.ts";
import { run } from "./command.ts";
import { capsuleCommand } from "./commands.ts";

const SAMPLES = 3;

/** Capsule with an empty cache. */
export function firstRunSide(): Side {
  const offer = {
    most: SAMPLES,
    cold: true,
    note: "compiles the engine, and says so",
  };
  return {
    name: "Capsule",
    offers: { "first-typescript": offer, "first-python": offer },
    async take(workload, count) {
      const samples = [];
      for (let sample = 0; sample < count; sample++) {
        samples.push(
          await firstRun(workload === "first-python" ? "python" : "typescript"),
        );
      }
      return samples;
    },
    close: () => Promise.resolve(),
  };
}

async function firstRun(language: "python" | "typescript"): Promise<number> {
  const cache = Deno.makeTempDirSync({ prefix: "capsule-bench-" });
  Deno.chmodSync(cache, 0o700);
  try {
    const command = capsuleCommand(cache);
    const { file, source, prints } = command.programs[language]!;
    Deno.writeTextFileSync(`${PROGRAMS}/${file}`, source);
    return await run({ ...command, file }, prints);
  } finally {
    Deno.removeSync(cache, { recursive: true });
  }
}
