/** What docs/from-capsule-run.md says is not as in capsule-run. What it says of more than this has tests elsewhere. */
import { run } from "@capsule/sdk/runner";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { cli, project, ROOT } from "../support/support.ts";

/** The message of a program that fails. */
async function failure(code: string, language: "typescript" | "python" = "typescript") {
  const { error } = await run({ code, language, policy: "declared" });
  return error?.message ?? "";
}

const task = (options: string, body = "() => 1") =>
  `import { task } from "@capsule-run/sdk"; export const main = task({ name: "main", ${options} }, ${body});`;

Deno.test("a host admits no subdomain, *. admits all, and * no private address", async () => {
  const ask = async (host: string, url: string) =>
    await failure(task(`allowedHosts: ["${host}"]`, `async () => (await fetch("${url}")).status`));
  assertStringIncludes(await ask("x.test", "http://a.x.test"), 'may not reach "a.x.test"');
  assertStringIncludes(await ask("*.x.test", "http://x.test"), 'may not reach "x.test"');
  const allowed = await ask("*.x.test", "http://b.a.x.test");
  assertEquals([allowed.includes("b.a.x.test"), allowed.includes("may not reach")], [true, false]);
  assertStringIncludes(await ask("*", "http://127.0.0.1:8080"), "not public");
  assertMatch(await ask("api.*", "http://api.test"), /allowedHosts/);
});

Deno.test("options that capsule-run corrects or leaves out are errors", async () => {
  assertStringIncludes(await failure(task(`timeout: "1s 500ms"`)), '"1s 500ms"');
  assertStringIncludes(await failure(task(`compute: "HUGE"`)), '"HUGE"');
  assertStringIncludes(await failure(task(`ram: "lots"`)), '"lots"');
  assertStringIncludes(await failure(task(`memory: "1GB"`)), "memory");
  const none = "from capsule import task\n@task(ram=None)\ndef main(): return 1";
  assertStringIncludes(await failure(none, "python"), "ram");
  assertStringIncludes(await failure(task(`allowedFiles: ["./data:ro"]`)), "data:ro");
  assertStringIncludes(await failure(task(`allowedFiles: ["./gone"]`)), "does not exist");
});

Deno.test("a program without main: an error in TypeScript, a script in Python", async () => {
  const other = `import { task } from "@capsule-run/sdk"; task({ name: "other" }, () => 1);`;
  assertStringIncludes(await failure(other), 'there is no task "main"');
  const python = 'from capsule import task\n@task(name="other")\ndef other(): return 1\n';
  const language = "python" as const;
  assertEquals((await run({ code: python, language })).result, null);
  const named = await run({ code: python + "def main(): return other()['result'] + 1", language });
  assertEquals(named.result, 2);
});

Deno.test("a message begins with the class of the error, and main gets only its arguments", async () => {
  assertEquals(await failure(task("", `() => { throw new TypeError("no"); }`)), "TypeError: no");
  assertEquals(await failure("def main(): raise ValueError('no')", "python"), "ValueError: no");
  const code = task("", "(...args: unknown[]) => args");
  assertEquals((await run({ code, language: "typescript", args: ["a"] })).result, ["a"]);
});

Deno.test("a program given as text gets no declared access", async () => {
  using folder = project({ "data/a.txt": "a" });
  const code = task(
    `allowedFiles: ["data"], envVariables: ["HOME"]`,
    `async () => [process.env.HOME ?? null, (await import("fs")).existsSync("data/a.txt")]`,
  );
  const options = { code, language: "typescript", cwd: folder.path } as const;
  assertEquals((await run(options)).result, [null, false]);
  const grants = { allowedFiles: ["data"] };
  assertEquals((await run({ ...options, grants })).result, [null, true]);
});

Deno.test("the runner has no place in a sandbox, which the error says", async () => {
  for (const name of ["@capsule-run/sdk/runner", "@capsule/sdk/runner"]) {
    using folder = project({ "main.ts": `import { run } from "${name}"; run();` });
    const { status, stderr } = await cli(["run", "main.ts"], { cwd: folder.path });
    assertEquals(status, 1);
    assertStringIncludes(stderr, `Could not resolve "${name}"`);
    assertStringIncludes(stderr, "run() is for hosts: in a sandbox, call tasks");
  }
});

Deno.test("the command prints results, exits 1 for a task that failed, and has -- before arguments", async () => {
  using folder = project({
    "main.ts": task("", `(a: string) => { if (a === "fail") throw 1; return { a }; }`),
    "Capsule.toml": '[workflow]\nentrypoint = "main.ts"\n',
  });
  const capsule = (...args: string[]) => cli(args, { cwd: folder.path });
  assertEquals((await capsule("run", "main.ts", "x")).stdout, '{\n  "a": "x"\n}\n');
  assertEquals((await capsule("run", "main.ts", "fail")).status, 1);
  const envelope = JSON.parse((await capsule("run", "main.ts", "--json", "x")).stdout);
  assertEquals([envelope.success, envelope.result], [true, { a: "x" }]);
  assertEquals((await capsule("run", "main.ts", "--own")).status, 2);
  assertStringIncludes((await capsule("run", "main.ts", "--", "--own")).stdout, "--own");
  assertStringIncludes((await capsule("run")).stderr, "capsule.toml has no entrypoint");
});

Deno.test("a trace of capsule-run is renamed", async () => {
  using folder = project({ "capsule.toml": "", "main.py": "def main(): return 1" });
  Deno.mkdirSync(`${folder.path}/.capsule/wasm`, { recursive: true });
  folder.write(".capsule/wasm/main_0123abcd.wasm", "old");
  const made = await new Deno.Command("python3", {
    args: [
      "-c",
      "import sqlite3; c = sqlite3.connect('.capsule/trace.db'); " +
      "c.execute('CREATE TABLE instance_log (id INTEGER PRIMARY KEY, task_id TEXT)'); c.commit()",
    ],
    cwd: folder.path,
  }).output();
  assertEquals(made.code, 0);
  const first = await cli(["run", "main.py"], { cwd: folder.path });
  assertEquals([first.status, first.stdout], [0, "1\n"]);
  assertStringIncludes(first.stderr, "it was renamed to");
  assertEquals((await cli(["run", "main.py"], { cwd: folder.path })).stderr, "");
});

Deno.test("the page is linked, and says what to do", () => {
  const page = Deno.readTextFileSync(`${ROOT}docs/from-capsule-run.md`);
  assertStringIncludes(Deno.readTextFileSync(`${ROOT}README.md`), "docs/from-capsule-run.md");
  const names = ["fs", "fsPromises", "path", "os", "process", "isWasmMode", "capsule.http"];
  const others = [".env.production", "NODE_ENV", "capsulePath", "TaskRunner", "allow-declared"];
  for (const name of [...names, ...others]) assertStringIncludes(page, name);
});
