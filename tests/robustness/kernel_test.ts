/**
 * A machine whose kernel or container refuses what Capsule would like to use: programs run all the same, or a message
 * says what is missing.
 */
import { assertEquals, assertMatch, assertTrue } from "../support/assert.ts";
import { CACHE, project, ROOT, warmEngines } from "../support/support.ts";

await warmEngines();

const CLI = [
  ...[Deno.execPath(), "run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`],
  `${ROOT}cli.ts`,
];
/** Enough calls for every way in which a sandbox gets its memory, with tasks that sleep and grow. */
const PROGRAMS = {
  "main.ts": `import { task, unwrap } from "@capsule/sdk";
    const work = task({ name: "work", compute: "HIGH" }, async (n) => {
      const kept = new Uint8Array(8 << 20).fill(n);
      await new Promise((end) => setTimeout(end, n % 10 === 0 ? 400 : 1));
      return kept[n]!;
    });
    task({ name: "main", compute: "HIGH" }, async () => {
      const calls = await Promise.all(Array.from({ length: 20 }, (_, n) => work(n)));
      for (let n = 0; n < 20; n++) calls.push(await work(n));
      return calls.reduce((sum, call) => sum + unwrap(call), 0);
    });`,
  "main.py": `from capsule import task, unwrap
import time
@task(compute="HIGH")
def work(n):
    kept = bytearray([n]) * (8 << 20)
    time.sleep(0.4 if n % 10 == 0 else 0.001)
    return kept[n]
@task(compute="HIGH")
def main():
    calls = work.map(range(20)) + [work(n) for n in range(20)]
    return sum(unwrap(call) for call in calls)`,
};
const SUM = 2 * 190;

interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a program under `refuse.py` with these arguments, twice: the second time, it is known. */
async function refused(args: string[], file: string, cwd: string): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (let turn = 0; turn < 2; turn++) {
    ended.push(
      await command([
        "python3",
        `${ROOT}tests/robustness/refuse.py`,
        ...args,
        "--",
        ...CLI,
        "run",
        file,
      ], cwd),
    );
  }
  return ended;
}

async function command([program, ...args]: string[], cwd: string): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args,
    cwd,
    env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { status: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What is refused, with each error that kernels and containers have for it. */
const CALLS: string[][] = [
  ["PAGEMAP_SCAN"],
  ["--errno", "ENOTTY", "PAGEMAP_SCAN"],
  ["memfd_create"],
  ["--errno", "ENOSYS", "memfd_create", "PAGEMAP_SCAN", "userfaultfd", "openat2"],
  ["userfaultfd"],
  ["openat2"],
  ["--errno", "ENOSYS", "openat2"],
  ["MADV_POPULATE_WRITE"],
  // Not MADV_DONTNEED: V8 itself ends without it.
  ["--errno", "EINVAL", "MADV_POPULATE_WRITE"],
  ["--errno", "ENOSYS", "io_uring_setup", "copy_file_range", "statx", "clone3"],
];

for (const calls of CALLS) {
  Deno.test({
    name: `programs run where the kernel refuses ${calls.join(" ")}`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      for (const file of Object.keys(PROGRAMS)) {
        using folder = project(PROGRAMS);
        for (const { status, stdout, stderr } of await refused(calls, file, folder.path)) {
          assertEquals([stderr, status, stdout], ["", 0, `${SUM}\n`], file);
        }
      }
    },
  });
}

/** Whether this user may have mounts of its own: some containers do not let it. */
const hasMounts = Deno.build.os === "linux" &&
  (await new Deno.Command("unshare", { args: ["-rm", "true"], stderr: "null" }).output()
    .catch(() => ({ success: false }))).success;

for (
  const [what, script] of Object.entries({
    "/proc": "mount -t tmpfs none /proc",
    "/dev/shm": "[ ! -d /dev/shm ] || mount -t tmpfs -o ro,size=4k none /dev/shm",
    "/sys": "mount -t tmpfs none /sys",
  })
) {
  Deno.test({
    name: `programs run without ${what}${hasMounts ? "" : ", which nobody may hide here"}`,
    ignore: !hasMounts,
    async fn() {
      for (const file of Object.keys(PROGRAMS)) {
        using folder = project(PROGRAMS);
        const run = ["sh", "-ec", `${script}\nexec "$0" "$@"`, ...CLI, "run", file];
        const { status, stdout, stderr } = await command(["unshare", "-rm", ...run], folder.path);
        if (what === "/proc" && status !== 0 && /Deno|deno|thread/.test(stderr) && stdout === "") {
          // Deno itself may need it; then nothing of ours has run.
          assertTrue(!/internal_error|panicked at src/.test(stderr), stderr);
          continue;
        }
        assertEquals([stderr, status, stdout], ["", 0, `${SUM}\n`], file);
      }
    },
  });
}

Deno.test({
  name: "40 descriptors are enough, or a message says that there are too few",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (const file of Object.keys(PROGRAMS)) {
      using folder = project(PROGRAMS);
      for (
        const { status, stdout, stderr } of await refused(["--nofile", "40"], file, folder.path)
      ) {
        if (status === 0) assertEquals([stdout, stderr], [`${SUM}\n`, ""]);
        else assertMatch(stderr, /too many open files|descriptors|ulimit -n/i);
        assertTrue(!/panicked|internal/.test(stderr), stderr);
      }
    }
  },
});

Deno.test({
  name: "with little address space, the envelope says what ran out, and nothing crashes",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // Deno itself reserves much of it; each sandbox takes 4 GiB.
    const gib = 2 ** 30;
    for (const file of Object.keys(PROGRAMS)) {
      using folder = project(PROGRAMS);
      for (const room of [60, 90, 130]) {
        const args = ["--as", `${room * gib}`];
        const [{ status, stdout, stderr }] = await refused(args, file, folder.path) as [Ended];
        assertTrue(!/panicked|internal_error|SIG/.test(stderr), stderr);
        if (status === 0) assertEquals(stdout, `${SUM}\n`);
        else assertTrue(status === 1 || status === 2, `status ${status}: ${stderr}`);
      }
    }
  },
});
