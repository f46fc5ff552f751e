/** Describes the machine that was measured. */

/** The description of a machine. */
export interface Machine {
  cores: number;
  cpu: string;
  memoryGiB: number;
  kernel: string;
}

/** Describes this machine. */
export function describeMachine(): Machine {
  return {
    cores: navigator.hardwareConcurrency,
    cpu: cpuModel(),
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    kernel: `${Deno.build.os} ${Deno.osRelease()}`,
  };
}

function cpuModel(): string {
  const unknown = Deno.build.arch;
  if (Deno.build.os !== "linux") return unknown;
  return /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))
    ?.[1] ?? unknown;
}
