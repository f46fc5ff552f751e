/**
 * Builds the native library, the language engines and the bundle, if they are missing or their inputs changed.
 *
 * Usage: deno run -A scripts/setup.ts
 */
import { encodeHex, ENTRIES, FFI_FILES, GUEST_SDK, progress, ROOMS, ROOT } from "./common.ts";

/** A build step. */
interface Step {
  name: string;
  /** Shown while it is built. */
  doing: string;
  /** Files and folders, relative to the root. */
  inputs: string[];
  /** Files, relative to the root. The step is repeated if one is missing. */
  outputs: string[];
  build(log: string): Promise<void>;
}

const LIBRARY = Deno.build.os === "darwin" ? "libcapsule.dylib" : "libcapsule.so";
const PYTHON = "build/python/bin/python";
const MERGE = "build/cargo-merge/release/capsule-merge";
const LANGUAGES = ["javascript", "python"];

const steps = {
  native: {
    name: "native library",
    doing: "Building the native library (Wasmtime takes minutes, once)",
    inputs: [".cargo", "ffi/native/Cargo.toml", "ffi/native/Cargo.lock", "ffi/native/src"],
    outputs: [`build/native/${LIBRARY}`],
    async build(log) {
      await run(log, "cargo", [
        "build",
        "--release",
        "--locked",
        "--manifest-path=ffi/native/Cargo.toml",
      ]);
      // Not written in place, because a running process may have the old file mapped.
      await Deno.mkdir("build/native", { recursive: true });
      await Deno.copyFile(`build/cargo/release/${LIBRARY}`, `build/native/${LIBRARY}.new`);
      await Deno.rename(`build/native/${LIBRARY}.new`, `build/native/${LIBRARY}`);
    },
  },
  python: {
    name: "Python environment",
    doing: "Installing componentize-py",
    inputs: ["engines/python/requirements.txt"],
    outputs: [PYTHON],
    async build(log) {
      await run(log, "python3", ["-m", "venv", "--clear", "build/python"]);
      await run(log, PYTHON, [
        ...["-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"],
        ...["--requirement", "engines/python/requirements.txt"],
      ]);
    },
  },
  javascriptEngine: {
    name: "JavaScript engine",
    doing: "Building the JavaScript engine",
    inputs: ["engines/wit", "engines/javascript", "sdk", "package-lock.json"],
    outputs: [componentized("javascript")],
    async build(log) {
      await Deno.mkdir("build/componentized", { recursive: true });
      await run(log, Deno.execPath(), [
        ...["run", "-A", "--config=deno.json", "engines/javascript/build.ts"],
        componentized("javascript"),
      ]);
    },
  },
  pythonEngine: {
    name: "Python engine",
    doing: "Building the Python engine",
    inputs: ["engines/wit", "engines/python", ...GUEST_SDK],
    outputs: [componentized("python")],
    async build(log) {
      await Deno.mkdir("build/componentized", { recursive: true });
      await run(log, Deno.execPath(), [
        ...["run", "-A", "--config=deno.json", "engines/python/build.ts"],
        ...["build/python/bin/componentize-py", componentized("python")],
      ]);
    },
  },
  merge: {
    name: "engine merger",
    doing: "Building the engine merger",
    inputs: ["engines/merge"],
    outputs: [MERGE],
    async build(log) {
      const manifest = "--manifest-path=engines/merge/Cargo.toml";
      // A separate target folder: cargo locks it, and the native library takes minutes to build.
      const folder = "--target-dir=build/cargo-merge";
      await run(log, "cargo", ["build", "--release", "--locked", manifest, folder]);
    },
  },
  engines: {
    name: "engines",
    doing: "Merging the engines' modules",
    inputs: ["engines/merge", ...LANGUAGES.map(componentized)],
    outputs: [
      "build/engines/engines.json",
      ...LANGUAGES.map((name) => `build/engines/${name}.wasm`),
    ],
    async build(log) {
      await Deno.mkdir("build/engines", { recursive: true });
      const entries = await Promise.all(LANGUAGES.map(async (language) => {
        const args = [componentized(language), `build/engines/${language}.wasm`];
        return [language, JSON.parse(await run(log, MERGE, args))];
      }));
      const manifest = JSON.stringify(Object.fromEntries(entries));
      await Deno.writeTextFile("build/engines/engines.json", manifest);
    },
  },
  commandLine: {
    name: "command line",
    doing: "Bundling the command line",
    inputs: [
      ...[...ENTRIES, ...ROOMS, "package-lock.json"],
      ...["bundle", "eager"].map((name) => `scripts/${name}.ts`),
      ...FFI_FILES,
    ],
    outputs: ["dist/cli.js"],
    async build(log) {
      await run(log, Deno.execPath(), [
        ...["run", "-A", "--config=deno.json", "scripts/bundle.ts", "deno", "dist.new"],
      ]);
      // Replaced as a whole, because another process may be starting it.
      await Deno.remove("dist", { recursive: true }).catch(() => {});
      await Deno.rename("dist.new", "dist");
    },
  },
} satisfies Record<string, Step>;

Deno.chdir(ROOT);
await Deno.mkdir("build/logs", { recursive: true });
await Deno.mkdir("build/stamps", { recursive: true });
// If two processes start at once, the second waits and finds everything built.
using lock = await Deno.open("build/lock", { create: true, write: true });
await lock.lock(true);

const started = new Date();
try {
  const engines = Promise.all([
    ensure(steps.merge),
    ensure(steps.javascriptEngine),
    ensure(steps.python).then(() => ensure(steps.pythonEngine)),
  ]);
  await Promise.all([
    ensure(steps.native),
    ensure(steps.commandLine),
    engines.then(() => ensure(steps.engines)),
  ]);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  Deno.exit(2);
}
await Deno.writeTextFile("build/ready", "");
// Inputs that changed during the build are newer than the stamp.
await Deno.utime("build/ready", started, started);

/** Builds a step, if its inputs changed. */
async function ensure(step: Step): Promise<void> {
  const stamp = `build/stamps/${step.name.replaceAll(" ", "-")}`;
  const digest = await digestOf(step.inputs);
  const built = await Promise.all([readText(stamp), ...step.outputs.map(exists)]);
  if (built[0] === digest && !built.includes(false)) return;
  const log = `build/logs/${step.name.replaceAll(" ", "-")}.log`;
  await Deno.writeTextFile(log, "");
  const shown = progress(step.doing);
  try {
    await step.build(log);
  } catch (error) {
    shown.failed(step.name);
    console.error((await readText(log))?.trimEnd());
    throw error;
  }
  await Deno.writeTextFile(stamp, digest);
  shown.done(step.name);
}

/** The output of componentize-qjs or componentize-py: a component of many modules, before they are merged. */
function componentized(language: string): string {
  return `build/componentized/${language}.wasm`;
}

/** Runs a command. Returns its standard output. */
async function run(log: string, command: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    stdout: "piped",
    stderr: "piped",
  }).output();
  for (const output of [stdout, stderr]) await Deno.writeFile(log, output, { append: true });
  if (code !== 0) throw new Error(`${command} ended with status ${code}; its output is in ${log}`);
  return new TextDecoder().decode(stdout);
}

async function digestOf(inputs: string[]): Promise<string> {
  const files = (await Promise.all(inputs.map(filesIn))).flat().sort();
  const parts = await Promise.all(files.map(async (file) => {
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(file));
    return `${file} ${encodeHex(digest)}`;
  }));
  const all = new TextEncoder().encode(parts.join("\n"));
  return encodeHex(await crypto.subtle.digest("SHA-256", all));
}

async function filesIn(path: string): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [path];
  const files: string[] = [];
  for await (const { name } of Deno.readDir(path)) {
    if (name !== "__pycache__") files.push(...await filesIn(`${path}/${name}`));
  }
  return files;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
