/** Programs of strangers: their project is their own folder, not what is around it and not where the host runs. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { type Project, project, runOrThrow as run } from "../../support/support.ts";
import { CapsuleError, type RunSettings } from "@capsule/sdk/runner";

const SECRET = "the secret of the host";

/** The host's own folder, and one beside it that somebody has sent. */
function workspace(files: Record<string, string> = {}): Project {
  return project({
    "app/secrets.json": `{"password": "${SECRET}"}`,
    "app/.env": `TOKEN=${SECRET}`,
    "app/data/a": "the host's",
    "secrets.json": `{"password": "${SECRET}"}`,
    "upload/.env": "TOKEN=the stranger's",
    "upload/own.json": `{"own": true}`,
    ...files,
  });
}

function importing(path: string): string {
  return `import { task } from "@capsule/sdk";
    import found from ${JSON.stringify(path)} with { type: "text" };
    task({ name: "main" }, () => found);`;
}

function confined(folder: Project, file: string, more: Partial<RunSettings> = {}) {
  return run({
    file: `${folder.path}/${file}`,
    cwd: `${folder.path}/app`,
    policy: "none",
    ...more,
  });
}

/** What came of a run, as text: whoever cannot have a file, is told so in one way or another. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await call);
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error;
    return `${error.message} ${error.hint}`;
  }
}

Deno.test("a stranger's file imports nothing of the folder that the host runs in", async () => {
  using folder = workspace();
  Deno.symlinkSync("../app", `${folder.path}/upload/link`);
  Deno.symlinkSync("../app/secrets.json", `${folder.path}/upload/link.json`);
  const paths = [
    "../app/secrets.json",
    "../secrets.json",
    `${folder.path}/app/secrets.json`,
    "./link/secrets.json",
    "./link.json",
    "../upload/../app/secrets.json",
  ];
  const all: RunSettings["grants"][] = [{}, { allowedHosts: ["a.com"] }];
  for (const grants of all) {
    for (const path of paths) {
      folder.write("upload/main.ts", importing(path));
      const told = await outcome(confined(folder, "upload/main.ts", { grants: grants! }));
      assertEquals(told.includes(SECRET), false, path);
      assertStringIncludes(`${path}: ${told}`, "cannot import");
    }
  }
  folder.write("upload/main.ts", importing("./own.json"));
  assertEquals((await confined(folder, "upload/main.ts")).result, `{"own": true}`);
});

Deno.test("a capsule.toml above a stranger's file makes nothing around it importable", async () => {
  using folder = workspace({ "capsule.toml": "", "app/capsule.toml": "" });
  folder.write("upload/main.ts", importing("../secrets.json"));
  assertStringIncludes(await outcome(confined(folder, "upload/main.ts")), "cannot import");
  folder.write("app/sub/main.ts", importing("../secrets.json"));
  assertStringIncludes(await outcome(confined(folder, "app/sub/main.ts")), "cannot import");
});

Deno.test("what is kept of a stranger's file lies in its own folder", async () => {
  using folder = workspace();
  folder.write(
    "upload/main.ts",
    `import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);`,
  );
  // A file that was written just now is not kept.
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals((await confined(folder, "upload/main.ts")).result, 1);
  const names = (path: string) =>
    [...Deno.readDirSync(`${folder.path}/${path}`)].map(({ name }) => name);
  assertEquals(names("app").includes(".capsule"), false);
  assertEquals(names("upload/.capsule/wasm").length, 1);
});

Deno.test("a stranger's file is its real one: links to it, and above it, change nothing", async () => {
  using folder = workspace();
  Deno.symlinkSync("../upload", `${folder.path}/app/linked`);
  Deno.symlinkSync("../upload/main.ts", `${folder.path}/app/main.ts`);
  for (const file of ["app/linked/main.ts", "app/main.ts"]) {
    folder.write("upload/main.ts", importing("./secrets.json"));
    assertStringIncludes(await outcome(confined(folder, file)), "main.ts:2");
    folder.write("upload/main.ts", importing("./own.json"));
    assertEquals((await confined(folder, file)).result, `{"own": true}`);
  }
});

Deno.test("a link to a file of another kind is not read as a program", async () => {
  using folder = workspace();
  for (const name of ["main.ts", "main.py", "main.js"]) {
    Deno.symlinkSync("../app/secrets.json", `${folder.path}/upload/${name}`);
    const told = await outcome(confined(folder, `upload/${name}`));
    assertEquals(told.includes(SECRET), false);
    assertStringIncludes(told, "its ending is none of");
  }
});

Deno.test("special files and very large files are refused at once", async () => {
  using folder = workspace();
  for (const ending of ["ts", "js", "py", "wasm"]) {
    const path = (name: string) => `${folder.path}/upload/${name}.${ending}`;
    Deno.mkdirSync(path("folder"));
    new Deno.Command("mkfifo", { args: [path("pipe")] }).outputSync();
    Deno.symlinkSync("/dev/zero", path("device"));
    Deno.symlinkSync("none", path("dangling"));
    Deno.symlinkSync(`loop.${ending}`, path("loop"));
    const names = ["folder", "pipe", "device", "dangling", "loop", "missing"];
    if (ending !== "wasm") {
      using large = Deno.openSync(path("large"), { create: true, write: true });
      large.truncateSync(2 ** 40);
      names.push("large");
    }
    for (const name of names) {
      const startedMs = performance.now();
      let told: string;
      try {
        const envelope = await confined(folder, `upload/${name}.${ending}`);
        told = String(envelope.error?.error_type);
      } catch (error) {
        told = error instanceof CapsuleError ? error.code : String(error);
      }
      const expected = /^(?:file_not_found|invalid_program|invalid_module|invalid_argument)$/;
      assertEquals(expected.test(told), true, `${name}.${ending}: ${told}`);
      assertEquals(performance.now() - startedMs < 1000, true, `${name}.${ending}`);
    }
  }
});

const VARIABLES = {
  "main.ts": `import { task } from "@capsule/sdk";
    task({ name: "main", envVariables: ["TOKEN", "GIVEN"] }, () => [process.env.TOKEN ?? null, process.env.GIVEN ?? null]);`,
  "main.py": `import os
from capsule import task
@task(env_variables=["TOKEN", "GIVEN"])
def main(): return [os.environ.get("TOKEN"), os.environ.get("GIVEN")]`,
};

for (const [name, text] of Object.entries(VARIABLES)) {
  Deno.test(`${name}: .env files are for programs that the host trusts`, async () => {
    using folder = workspace({ [`upload/${name}`]: text, [`app/${name}`]: text });
    const env = { GIVEN: "given" };
    const grants = { envVariables: ["TOKEN", "GIVEN"] };
    for (const file of [`upload/${name}`, `app/${name}`]) {
      assertEquals((await confined(folder, file, { grants, env })).result, [null, "given"]);
    }
    const trusted = await confined(folder, `app/${name}`, { policy: "declared", env });
    assertEquals(trusted.result, [SECRET, "given"]);
    const code = { code: text, language: name === "main.ts" ? "typescript" : "python" } as const;
    const cwd = `${folder.path}/app`;
    assertEquals((await run({ ...code, cwd, grants, env })).result, [null, "given"]);
  });
}

Deno.test("what the host grants a stranger is seen from the host's project", async () => {
  using folder = workspace({
    "upload/main.py": `def main(path): return open(path).read()`,
    "upload/data/a": "the stranger's",
  });
  const call = (more: Partial<RunSettings>) =>
    confined(folder, "upload/main.py", { args: ["/data/a"], ...more });
  assertEquals((await call({ mounts: ["data:ro"] })).result, "the host's");
});

Deno.test("a stranger's file imports nothing of the host in Python either", async () => {
  using folder = workspace({
    "app/hosts.py": `SECRET = "${SECRET}"`,
    "hosts_above.py": `SECRET = "${SECRET}"`,
    "upload/own.py": "VALUE = 5",
  });
  for (const module of ["hosts", "hosts_above"]) {
    folder.write("upload/main.py", `import ${module}\ndef main(): return ${module}.SECRET`);
    const told = await outcome(confined(folder, "upload/main.py"));
    assertEquals(told.includes(SECRET), false);
    assertStringIncludes(told, `No module named '${module}'`);
  }
  folder.write("upload/main.py", "import own\ndef main(): return own.VALUE");
  assertEquals((await confined(folder, "upload/main.py")).result, 5);
});

Deno.test("a folder in the place of the working folder is needed", async () => {
  using folder = workspace({ "upload/main.py": "def main(): return 1" });
  const call = () => confined(folder, "upload/main.py", { cwd: `${folder.path}/none` });
  assertEquals((await assertRejects(call, CapsuleError)).code, "file_not_found");
});
