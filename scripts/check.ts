/**
 * Runs all checks, as CI does: format, lint, types, examples in the documentation, and every test.
 *
 * Usage: deno task ok [NAME…]   only checks whose name contains one of these
 */
import { progress, ROOT } from "./common.ts";

interface Check {
  name: string;
  command: string[];
  cwd?: string;
}

const deno = Deno.execPath();
const python = `${ROOT}build/python-check/bin/python`;
const cargo = (command: string, ...args: string[]) => [
  "cargo",
  command,
  ...["--release", "--locked", "--manifest-path=ffi/native/Cargo.toml"],
  ...args,
];

const merger = (command: string, ...args: string[]) => [
  "cargo",
  command,
  ...["--release", "--locked", "--manifest-path=engines/merge/Cargo.toml"],
  ...["--target-dir=build/cargo-merge", ...args],
];

/** Programs that tests need besides the README's prerequisites. */
const TOOLS = ["strace"];

/** Short checks, run concurrently. */
const QUICK: Check[] = [
  { name: "deno fmt", command: [deno, "fmt", "--check"] },
  { name: "deno lint", command: [deno, "lint"] },
  { name: "deno check", command: [deno, "check", "."] },
  { name: "docs/api", command: [deno, "run", "-A", "scripts/api.ts", "--check"] },
  // A dry run needs no network. It checks for slow types and imports of unpublished files.
  ...[".", "packages/cli"].map((cwd) => ({
    name: `deno publish (${cwd})`,
    command: [deno, "publish", "--dry-run", "--allow-dirty", "--quiet"],
    cwd,
  })),
  ...["ffi/native", "ffi/header", "engines/merge"].map((crate) => ({
    name: `cargo fmt (${crate})`,
    command: ["cargo", "fmt", "--check", `--manifest-path=${crate}/Cargo.toml`],
  })),
  { name: "ruff check", command: [python, "-m", "ruff", "check"] },
  { name: "ruff format", command: [python, "-m", "ruff", "format", "--check"] },
  {
    name: "mypy",
    command: [python, "-m", "mypy", "src", "tests/typing_cases.py"],
    cwd: "python",
  },
  { name: "pytest", command: [python, "-m", "pytest", "--quiet"], cwd: "python" },
];

/** Checks that measure time or use all cores, run one after the other. */
const SLOW: Check[] = [
  { name: "cargo clippy", command: cargo("clippy", "--all-targets", "--", "--deny=warnings") },
  {
    name: "cargo clippy (engines/merge)",
    command: merger("clippy", "--all-targets", "--", "--deny=warnings"),
  },
  { name: "cargo test (engines/merge)", command: merger("test") },
  { name: "cargo test", command: cargo("test") },
  {
    name: "capsule.h",
    command: ["cargo", "test", "--locked", "--manifest-path=ffi/header/Cargo.toml"],
  },
  { name: "deno test --doc", command: [deno, "test", "-A", "--doc", "mod.ts", "runner.ts"] },
  { name: "deno test", command: [deno, "test", "-A", "tests/"] },
];

Deno.chdir(ROOT);
const chosen = ({ name }: Check) =>
  Deno.args.length === 0 || Deno.args.some((part) => name.includes(part));
const quick = QUICK.filter(chosen);
if (quick.some(({ command }) => command[0] === python)) await preparePython();

if (SLOW.some(chosen)) await installTools();

const failed: string[] = [];
await Promise.all(quick.map(run));
for (const check of SLOW.filter(chosen)) await run(check);
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(", ")}`);
  Deno.exit(1);
}
console.error("\nall checks passed");

async function run({ name, command, cwd = "." }: Check): Promise<void> {
  const shown = progress(name);
  const [program, ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program!, { args, cwd }).output();
  if (success) return shown.done(name);
  shown.failed(name);
  failed.push(name);
  for (const output of [stdout, stderr]) await Deno.stderr.write(output);
}

/** Installs missing `TOOLS` with apt-get, if this is root on Debian. */
async function installTools(): Promise<void> {
  const has = (name: string) =>
    (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
      try {
        return Deno.statSync(`${folder}/${name}`).isFile;
      } catch {
        return false;
      }
    });
  const missing = TOOLS.filter((name) => !has(name));
  if (missing.length === 0) return;
  if (Deno.uid() === 0 && has("apt-get")) {
    const shown = progress(`Installing ${missing.join(", ")}`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...missing]]) {
      await new Deno.Command("apt-get", { args, env, stdout: "null", stderr: "null" }).output();
    }
    shown.done("tools for tests");
  }
  for (const name of missing.filter((name) => !has(name))) {
    console.error(`note: ${name} is not installed: the tests that need it are skipped`);
  }
}

/** Creates the virtual environment for the Python checks from its lockfile. */
async function preparePython(): Promise<void> {
  const wanted = await Deno.readTextFile("python/requirements-check.txt");
  const stamp = "build/python-check/requirements.txt";
  const installed = await Deno.readTextFile(stamp).catch(() => undefined);
  if (installed === wanted) return;
  const shown = progress("Installing the tools for Python checks");
  const steps = [
    ["python3", "-m", "venv", "--clear", "build/python-check"],
    [
      python,
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"],
      ...["--requirement", "python/requirements-check.txt"],
    ],
  ];
  for (const [program, ...args] of steps) {
    const { success } = await new Deno.Command(program!, { args, stdout: "null" }).spawn().status;
    if (!success) Deno.exit(2);
  }
  await Deno.writeTextFile(stamp, wanted);
  shown.done("tools for Python checks");
}
