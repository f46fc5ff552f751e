/**
 * Builds the Python engine: snapshots CPython with its standard library and the engine imported.
 *
 * Usage: deno run -A engines/python/build.ts COMPONENTIZE_PY OUTPUT.wasm
 */
import { GUEST_SDK } from "../../scripts/common.ts";

const root = new URL("../../", import.meta.url).pathname;
const [componentizePy, output] = Deno.args;
if (!componentizePy || !output) throw new TypeError("Usage: build.ts COMPONENTIZE_PY OUTPUT.wasm");

// It adds the packages of the environment that it finds: this one has the data of time zones.
const environment = await Deno.makeTempDir();
const packages = `${environment}/lib/python3/site-packages`;
await Deno.mkdir(packages, { recursive: true });
await copyFolder(await timeZones(), `${packages}/tzdata`);

const sdk = `${environment}/sdk`;
await Deno.mkdir(`${sdk}/capsule`, { recursive: true });
for (const file of GUEST_SDK) {
  await Deno.copyFile(`${root}${file}`, `${sdk}/capsule/${file.split("/").at(-1)}`);
}

const { success } = await new Deno.Command(componentizePy, {
  args: [
    ...["--quiet", "--wit-path", `${root}engines/wit`, "--world", "python"],
    ...["componentize", "capsule_engine", "--output", output],
    ...["--python-path", `${root}engines/python`, "--python-path", sdk],
  ],
  env: { VIRTUAL_ENV: environment },
  stdout: "inherit",
  stderr: "inherit",
}).output();
await Deno.remove(environment, { recursive: true });
if (!success) Deno.exit(1);

/** The package beside componentize-py. */
async function timeZones(): Promise<string> {
  const lib = `${componentizePy!.replace(/\/bin\/[^/]+$/, "")}/lib`;
  for await (const { name } of Deno.readDir(lib)) {
    if (name.startsWith("python3")) return `${lib}/${name}/site-packages/tzdata`;
  }
  throw new Error(`there are no packages in ${lib}`);
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    await (isDirectory ? copyFolder : Deno.copyFile)(`${from}/${name}`, `${to}/${name}`);
  }
}
