/**
 * Builds the Python engine: snapshots CPython with its standard library and the engine imported.
 *
 * Usage: deno run -A engines/python/build.ts COMPONENTIZE_PY OUTPUT.wasm
 */
const root = new URL("../../", import.meta.url).pathname;
const [componentizePy, output] = Deno.args;
if (!componentizePy || !output) throw new TypeError("Usage: build.ts COMPONENTIZE_PY OUTPUT.wasm");

// It adds the packages of the environment that it finds: this one has none.
const environment = await Deno.makeTempDir();
await Deno.mkdir(`${environment}/lib/python3/site-packages`, { recursive: true });

const { success } = await new Deno.Command(componentizePy, {
  args: [
    ...["--quiet", "--wit-path", `${root}engines/wit`, "--world", "python"],
    ...["componentize", "capsule_engine", "--output", output],
    ...["--python-path", `${root}engines/python`, "--python-path", `${root}python/src`],
  ],
  env: { VIRTUAL_ENV: environment },
  stdout: "inherit",
  stderr: "inherit",
}).output();
await Deno.remove(environment, { recursive: true });
if (!success) Deno.exit(1);
