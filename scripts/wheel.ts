/**
 * Builds the wheel of the pip package in build/wheel: the package and everything that it runs, except Deno, which is a
 * dependency.
 *
 * Usage: deno task wheel
 */
import { progress, ROOT } from "./common.ts";
import { thirdPartyNotices } from "./wheel/notices.ts";

const OUTPUT = "build/wheel";
const SOURCE = `${OUTPUT}/source`;
const BUNDLE = `${SOURCE}/src/capsule/_bundle`;
const PYTHON = `${OUTPUT}/python/bin/python`;
const REQUIREMENTS = "python/requirements-wheel.txt";

Deno.chdir(ROOT);
if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
  console.error("error: wheels can only be built on Linux x86-64");
  Deno.exit(2);
}
const shown = progress("Building the wheel");
await Deno.remove(SOURCE, { recursive: true }).catch(() => {});
await Promise.all([copyPackage(), bundle(), copyBuilt(), preparePython()]);
await buildWheel();
shown.done(`built ${wheels().join(", ")}`);

async function copyPackage(): Promise<void> {
  for (const file of ["pyproject.toml", "README.md"]) {
    await copy(`python/${file}`, `${SOURCE}/${file}`);
  }
  await copyFolder("python/src", `${SOURCE}/src`);
  await copy("scripts/wheel/setup.py", `${SOURCE}/setup.py`);
  await copy("LICENSE", `${SOURCE}/LICENSE`);
  await Deno.writeTextFile(`${SOURCE}/NOTICE.txt`, await thirdPartyNotices());
}

/** Bundles the command line into files that import nothing outside their folder. */
async function bundle(): Promise<void> {
  await run(Deno.execPath(), ["run", "-A", "scripts/bundle.ts", "deno", `${BUNDLE}/dist`]);
}

async function copyBuilt(): Promise<void> {
  const library = "build/native/libcapsule.so";
  await copy(library, `${BUNDLE}/native/libcapsule.so`);
  for (const name of ["engines.json", "javascript.wasm", "python.wasm"]) {
    await copy(`build/engines/${name}`, `${BUNDLE}/engines/${name}`);
  }
  await copy("engines/wit/world.wit", `${BUNDLE}/engines/wit/world.wit`);
  await copy("node_modules/@esbuild/linux-x64/bin/esbuild", `${BUNDLE}/bin/esbuild`);
}

/** Creates the virtual environment that builds the wheel, from its lockfile. */
async function preparePython(): Promise<void> {
  const wanted = await Deno.readTextFile(REQUIREMENTS);
  const stamp = `${OUTPUT}/python/requirements.txt`;
  if (await Deno.readTextFile(stamp).catch(() => undefined) === wanted) return;
  await run("python3", ["-m", "venv", "--clear", `${OUTPUT}/python`]);
  await run(PYTHON, [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"],
    ...["--requirement", REQUIREMENTS],
  ]);
  await Deno.writeTextFile(stamp, wanted);
}

async function buildWheel(): Promise<void> {
  for (const name of wheels()) await Deno.remove(`${OUTPUT}/${name}`);
  await run(PYTHON, [
    ...["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"],
    ...["--no-build-isolation", "--wheel-dir", OUTPUT, SOURCE],
  ], {
    CAPSULE_WHEEL_PLATFORM: await platformTag(),
    // For reproducible builds.
    SOURCE_DATE_EPOCH: "1767225600",
  });
}

/** The platform tag for the oldest glibc that has all symbols that the native library uses. */
async function platformTag(): Promise<string> {
  const library = new TextDecoder("latin1").decode(
    await Deno.readFile(`${BUNDLE}/native/libcapsule.so`),
  );
  const versions = Array.from(
    library.matchAll(/\0GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)/g),
    ([, minor]) => Number(minor),
  );
  return `manylinux_2_${Math.max(...versions)}_x86_64`;
}

function wheels(): string[] {
  return Array.from(Deno.readDirSync(OUTPUT), ({ name }) => name)
    .filter((name) => name.endsWith(".whl"));
}

async function copyFolder(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (/^__pycache__$|\.egg-info$|^_bundle$/.test(name)) continue;
    await (isDirectory ? copyFolder : copy)(`${from}/${name}`, `${to}/${name}`);
  }
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  await Deno.copyFile(from, to);
}

async function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, env }).output();
  if (success) return;
  shown.failed("Building the wheel");
  for (const output of [stdout, stderr]) await Deno.stderr.write(output);
  Deno.exit(1);
}
