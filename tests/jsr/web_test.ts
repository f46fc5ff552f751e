/**
 * Capsule as JSR serves it: sources from the web, and machine code from npm. JSR is not to be had here, so the test
 * serves what would be published.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { CACHE, project, ROOT, warmEngines } from "../support/support.ts";
import { serveCapsule } from "./web.ts";

await warmEngines();
const web = await serveCapsule();
const home = Deno.makeTempDirSync({ prefix: "capsule-jsr-" });
globalThis.addEventListener("unload", () => Deno.removeSync(home, { recursive: true }));
Deno.writeTextFileSync(
  `${home}/.npmrc`,
  `${ownSettings()}\n@capsule:registry=${web.origin}/npm/\n`,
);

/** How this machine reaches npm. */
function ownSettings(): string {
  try {
    return Deno.readTextFileSync(`${Deno.env.get("HOME")}/.npmrc`);
  } catch {
    return "";
  }
}

const ENVIRONMENT = {
  HOME: home,
  DENO_DIR: `${home}/deno`,
  CAPSULE_CACHE_DIR: CACHE,
  NO_COLOR: "1",
};

async function deno(cwd: string, args: string[], variables: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { ...ENVIRONMENT, ...variables },
  }).output();
  const decoder = new TextDecoder();
  return { status: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const PROGRAM = `import { task } from "@capsule/sdk";
  export const main = task({ name: "main" }, (name = "web") => "Hello, " + name + "!");`;

Deno.test("deno run of the published command downloads what it needs, once", async () => {
  using app = project({ "hello.ts": PROGRAM, "hello.py": `def main(): return "snake"` });
  const run = ["run", "-A", "--quiet", `${web.origin}/cli/mod.ts`, "run"];
  const first = await deno(app.path, [...run, "hello.ts", "Ada"]);
  assertEquals(first, { status: 0, stdout: "Hello, Ada!\n", stderr: "" });
  assertEquals(web.asked.filter((path) => path.startsWith("/tarballs")).length, 1);
  web.asked.length = 0;
  assertEquals((await deno(app.path, [...run, "hello.py"])).stdout, "snake\n");
  assertEquals(web.asked, []);
});

Deno.test("the command of deno install ignores the project's Deno configuration", async () => {
  using app = project({ "hello.ts": PROGRAM, "deno.json": "{ broken" });
  const install = ["install", "-g", "-A", "--quiet", "--name", "capsule", "--root", `${home}/root`];
  const installed = await deno(home, [...install, `${web.origin}/cli/mod.ts`]);
  assertEquals(installed.status, 0, installed.stderr);
  const { success, stdout, stderr } = await new Deno.Command(`${home}/root/bin/capsule`, {
    args: ["doctor"],
    cwd: app.path,
    env: {
      ...ENVIRONMENT,
      PATH: `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`,
    },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(success, true, text + new TextDecoder().decode(stderr));
  assertMatch(text, /native library.*MB/);
});

Deno.test("the published API runs programs, in a worker process too", async () => {
  using app = project({
    "app.ts": `import { run } from "${web.origin}/sdk/runner.ts";
      for (const isolation of ["sandbox", "process"] as const) {
        const { result } = await run({ code: "export default 1;" + ${
      JSON.stringify(PROGRAM)
    }, language: "typescript", isolation });
        console.log(isolation, result);
      }`,
  });
  const { status, stdout, stderr } = await deno(app.path, ["run", "-A", "--no-check", "app.ts"]);
  assertEquals(status, 0, stderr);
  assertEquals(stdout, "sandbox Hello, web!\nprocess Hello, web!\n");
});

Deno.test("a command from the web loads no native code of a project", async () => {
  const { version } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  const name = `@capsule/native-${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  using app = project({
    "hello.ts": PROGRAM,
    "deno.json": `{ "nodeModulesDir": "manual" }`,
    "package.json": `{ "dependencies": { "${name}": "${version}" } }`,
    [`node_modules/${name}/package.json`]:
      `{ "name": "${name}", "version": "${version}", "type": "module", "exports": "./index.js" }`,
    [`node_modules/${name}/index.js`]:
      `export const folder = import.meta.dirname, esbuild = folder + "/esbuild";`,
  });
  const run = async (...flags: string[]) => {
    using cache = project();
    const args = ["run", "-A", "--quiet", ...flags, `${web.origin}/cli/mod.ts`, "run", "hello.ts"];
    return await deno(app.path, args, { CAPSULE_CACHE_DIR: cache.path });
  };
  const own = await run();
  assertEquals(own.stdout, "Hello, web!\n", own.stderr);
  const { status, stderr } = await run("--config=deno.json");
  assertEquals(status, 2, stderr);
  assertStringIncludes(stderr, "it belongs to the current project");
  assertStringIncludes(stderr, "hint: use deno run --no-config");
});
