/** Opens components one after the other, and prints what each came to, and what that cost this process. */
import process from "node:process";
import { readFileSync, writeFileSync } from "node:fs";
import { CapsuleError, open, type ProgramSettings } from "@capsule/sdk/runner";

/** What is told of a component. */
export interface Told {
  code: string;
  message: string;
  hint: string | undefined;
  /** Of all threads of this process. */
  cpuMs: number;
  /** The most memory that this process had meanwhile, without what it had before. */
  grownBytes: number;
}

type Isolation = Pick<ProgramSettings, "isolation">;

if (import.meta.main) {
  const [isolation, warm, ...files] = Deno.args;
  const options = { isolation } as Isolation;
  // What a process loads once is not the component's.
  for (const file of warm!.split(",")) (await open({ file, ...options })).close();
  for (const file of files) console.log(JSON.stringify(await tell(file, options)));
  Deno.exit();
}

async function tell(file: string, options: Isolation): Promise<Told> {
  // The peak is what it has now.
  writeFileSync("/proc/self/clear_refs", "5");
  const before = { cpu: process.cpuUsage(), peak: peakBytes() };
  let told: Pick<Told, "code" | "message" | "hint"> = { code: "opened", message: "", hint: "" };
  try {
    (await open({ file, ...options })).close();
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error;
    const { code, message, hint } = error;
    told = { code, message, hint };
  }
  const { user, system } = process.cpuUsage(before.cpu);
  return { ...told, cpuMs: (user + system) / 1000, grownBytes: peakBytes() - before.peak };
}

function peakBytes(): number {
  return Number(readFileSync("/proc/self/status", "utf8").match(/VmHWM:\s+(\d+) kB/)![1]) * 1024;
}
