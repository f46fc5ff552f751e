/** `capsule doctor --warm`, and where nothing is kept, by the command and the API. */
import { assertEquals, assertMatch, assertStringIncludes, assertTrue } from "../support/assert.ts";
import { cli, project, ROOT, warmEngines } from "../support/support.ts";
import { canMakeMachines, Machine, OTHER_USER, PROGRAMS } from "./machine.ts";

const ignore = !canMakeMachines();
await warmEngines();

Deno.test({
  name: "doctor --warm by root leaves a cache with which another user compiles nothing",
  ignore,
  async fn() {
    using machine = new Machine();
    const cache = `${machine.path}/cache`;
    const env = { CAPSULE_CACHE_DIR: cache };
    const first = await machine.run("", { env, args: ["doctor", "--warm", "--json"] });
    assertEquals([first.status, first.stderr], [0, ""], first.stdout);
    const { ok, engines, cache: { folder, shared, content } } = JSON.parse(first.stdout);
    assertEquals([ok, folder, shared], [true, cache, true]);
    assertTrue(
      content.some(({ name, bytes }: Kept) => name === "engines" && bytes > 1e7),
      first.stdout,
    );
    assertEquals(engines.map(({ language }: Used) => language), ["javascript", "python"]);
    for (const { compiled, durationMs, bytes } of engines as Used[]) {
      assertTrue(compiled && durationMs > 10 && bytes > 1e7, JSON.stringify(engines));
    }

    const setup = "mount --bind cache cache; mount -o remount,bind,ro cache";
    for (const [file, stdout] of PROGRAMS) {
      const run = await machine.run(file, { env, setup, user: OTHER_USER });
      assertEquals(run, { status: 0, stdout, stderr: "" });
    }
    const second = await machine.run("", {
      env,
      setup,
      user: OTHER_USER,
      args: ["doctor", "--warm"],
    });
    assertEquals(second.status, 0, second.stdout);
    assertMatch(second.stdout, /✔ +cache folder +\S+\/cache, read-only, with both engines/);
    assertMatch(second.stdout, /^javascript +[\d.]+ MB +[\d.,]+ m?s +already cached$/m);
    // What programs left is root's own.
    assertEquals(Deno.statSync(`${cache}/images`).mode! & 0o777, 0o700);
  },
});

Deno.test({
  name: "programs that root has kept are not loaded again by another user",
  ignore,
  async fn() {
    using machine = new Machine();
    const clock: [string, string][] = [
      [
        "clock.ts",
        `import { task } from "@capsule/sdk";\nconst now = Date.now();\ntask({ name: "main" }, () => now);`,
      ],
      ["clock.py", "import time\nnow = time.time()\ndef main(): return now"],
    ];
    const env = { CAPSULE_CACHE_DIR: `${machine.path}/warm` };
    for (const [file, code] of clock) {
      Deno.writeTextFileSync(`${machine.path}/project/${file}`, code);
      await new Promise((resolve) => setTimeout(resolve, 40));
      const before = await machine.run(file, { env });
      assertEquals([before.status, before.stderr], [0, ""]);
      const setup = `chmod -R go+rX warm; mount --bind warm warm; mount -o remount,bind,ro warm;
        chown -R ${OTHER_USER} project`;
      const after = await machine.run(file, { env, setup, user: OTHER_USER });
      assertEquals(after, before);
    }
  },
});

Deno.test({
  name: "doctor --warm fails where engines cannot be kept, and says what to do",
  ignore,
  async fn() {
    using machine = new Machine();
    const setup = "mount --bind home home; mount -o remount,bind,ro home";
    const env = { HOME: `${machine.path}/home` };
    const args = ["doctor", "--warm"];
    const { status, stdout } = await machine.run("", { env, setup, args, user: OTHER_USER });
    assertEquals(status, 1, stdout);
    assertStringIncludes(stdout, "✘ cache folder: Cannot use the cache folder");
    assertStringIncludes(stdout, "set CAPSULE_CACHE_DIR");
    assertMatch(stdout, /^javascript +not kept .* compiled$/m);
  },
});

const PROGRAM = 'import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);';

/** Runs a program twice, and prints results and events. */
const HOSTS: Record<string, { file: string; text: string; command: string[] }> = {
  TypeScript: {
    file: "host.ts",
    text: `import { run } from "${ROOT}runner.ts";
      const events = [];
      const options = {
        code: ${JSON.stringify(PROGRAM)},
        language: "typescript",
        onEvent: (event) => events.push(event),
      };
      const results = [await run(options), await run(options)].map(({ result }) => result);
      console.log(JSON.stringify({ results, events }));`,
    command: [
      ...[Deno.execPath(), "run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`],
    ],
  },
  Python: {
    file: "host.py",
    text: `import capsule, json
events = []
options = {"code": ${JSON.stringify(PROGRAM)}, "language": "typescript", "on_event": events.append}
results = [capsule.run_sync(**options)["result"] for _ in range(2)]
print(json.dumps({"results": results, "events": events}))`,
    command: ["python3"],
  },
};

for (const [host, { file, text, command: [program, ...args] }] of Object.entries(HOSTS)) {
  Deno.test(`the API of ${host} reports an unusable cache by an event, and prints nothing`, async () => {
    using folder = project({ [file]: text });
    const { code, stdout, stderr } = await new Deno.Command(program!, {
      args: [...args, file],
      cwd: folder.path,
      env: {
        CAPSULE_CACHE_DIR: "",
        HOME: "",
        XDG_CACHE_HOME: "",
        DENO_DIR: denoFolder(),
        PYTHONPATH: `${ROOT}python/src`,
      },
    }).output();
    const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals([code, errors], [0, ""], out);
    const { results, events } = JSON.parse(out!);
    assertEquals(results, [1, 1]);
    const told = events.filter(({ type }: { type: string }) => type === "cache_unavailable");
    assertEquals(told.length, 1);
    assertMatch(told[0].reason, /HOME is not set/);
    assertMatch(told[0].hint, /CAPSULE_CACHE_DIR/);
  });
}

Deno.test("doctor --json shows the cache folder and its problem", async () => {
  using folder = project();
  const well = await cli(["doctor", "--json"], { cwd: folder.path });
  const { ok, findings } = JSON.parse(well.stdout);
  assertEquals([well.status, ok], [0, true]);
  assertMatch(findings.at(-1).found, /^\/.*, writable$/);
  Deno.chmodSync(folder.path, 0o777);
  const env = { CAPSULE_CACHE_DIR: folder.path };
  const ill = await cli(["doctor", "--json"], { cwd: "/", env });
  const { message, hint } = JSON.parse(ill.stdout).findings.at(-1).problem;
  assertEquals(ill.status, 1);
  assertMatch(message, /other users can write to it \(mode 777\)/);
  assertMatch(hint, /CAPSULE_CACHE_DIR/);
});

interface Kept {
  name: string;
  bytes: number;
}

interface Used {
  language: string;
  compiled: boolean;
  durationMs: number;
  bytes: number;
}

/** Deno's own, which it would look for in HOME. */
function denoFolder(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
