/** The command as a process, in fresh folders, as a user runs it. */
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { CACHE, cli, project, ROOT, startCli, warmEngines } from "../support/support.ts";

await warmEngines();

const CLI = `${ROOT}cli.ts`;

const HELLO = {
  "hello.ts":
    `import { task } from "@capsule/sdk";\nexport const main = task({ name: "main" }, (name = "world") => \`Hello, \${name}!\`);`,
  "hello.py": `from capsule import task\n@task\ndef main(name="world"): return f"Hello, {name}!"`,
};

/** A program with one task, in each language. */
function programs(options: string, typescript: string, python: string): [string, string][] {
  const keywords = options.replaceAll(/(\w+): /g, "$1=");
  return [
    [
      "main.ts",
      `import { task } from "@capsule/sdk";\nexport const main = task({ name: "main", ${options} }, () => { ${typescript} });`,
    ],
    ["main.py", `from capsule import task\n@task(${keywords})\ndef main():\n  ${python}`],
  ];
}

Deno.test("run prints the result: text raw, other values as indented JSON, null not at all", async () => {
  using folder = project({
    ...HELLO,
    "json.py": `def main(): return {"a": [1, "x"]}`,
    "null.py": `def main(): return None`,
  });
  const cases = [
    [["hello.ts"], "Hello, world!\n"],
    [["hello.py", "Ada"], "Hello, Ada!\n"],
    [["hello.ts", "--", "--json"], "Hello, --json!\n"],
    [["hello.py", ""], "Hello, !\n"],
    [["json.py"], '{\n  "a": [\n    1,\n    "x"\n  ]\n}\n'],
    [["null.py"], ""],
  ] as const;
  for (const [args, stdout] of cases) {
    assertEquals(await cli(["run", ...args], { cwd: folder.path }), {
      status: 0,
      stdout,
      stderr: "",
    });
  }
});

Deno.test("an edit shows at once", async () => {
  using folder = project(HELLO);
  for (const file of ["hello.ts", "hello.py"]) {
    for (const greeting of ["Hello", "Salut", "Moin", "Hello"]) {
      folder.write(file, HELLO[file as keyof typeof HELLO].replace("Hello", greeting));
      const { stdout } = await cli(["run", file], { cwd: folder.path });
      assertEquals(stdout, `${greeting}, world!\n`);
    }
  }
});

Deno.test("arguments come as text, from JSON or from a file", async () => {
  using folder = project({
    "show.py": `def main(*args): return list(args)`,
    "args.json": `["text", 5, true, null]`,
    "data.csv": "a,b\n1,2\n",
    "object.json": `{"a": 1}`,
  });
  const run = async (...args: string[]) =>
    await cli(["run", "show.py", ...args], { cwd: folder.path });
  const values = async (...args: string[]) => JSON.parse((await run(...args)).stdout);
  assertEquals(await values("1", "two words", "'$(x)'"), ["1", "two words", "'$(x)'"]);
  assertEquals(await values("--args-json", '[{"a": [1.5]}, null]'), [{ a: [1.5] }, null]);
  assertEquals(await values("--args-file", "args.json"), ["text", 5, true, null]);
  assertEquals(await values("--args-file=data.csv"), ["a,b\n1,2\n"]);
  const mistakes = [
    [["--args-json", "[1"], "--args-json is not JSON"],
    [["--args-json", "{}"], "--args-json is not a JSON array"],
    [["--args-file", "object.json"], "object.json is not a JSON array"],
    [["--args-file", "none.json"], 'Cannot read "none.json"'],
    [["a", "--args-json", "[]"], "exclude each other"],
  ] as const;
  for (const [args, message] of mistakes) {
    const { status, stdout, stderr } = await run(...args);
    assertEquals([status, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
  }
});

Deno.test("arguments come from a pipe, and only as text that is UTF-8", async () => {
  using folder = project({ "show.py": `def main(*args): return list(args)`, "ok.csv": "é" });
  Deno.writeFileSync(`${folder.path}/image.png`, new Uint8Array([0x89, 0x50, 0xff]));
  const capsule = (file: string, input: string, program = "show.py") =>
    cli(
      ["run", program, "--language", "python", "--args-file", file].filter((arg) =>
        program === "-" || arg !== "--language" && arg !== "python"
      ),
      { cwd: folder.path, input },
    );
  for (const file of ["-", "/dev/stdin"]) {
    const { status, stdout, stderr } = await capsule(file, `["x", 5]`);
    assertEquals([status, JSON.parse(stdout)], [0, ["x", 5]], stderr);
    const wrong = await capsule(file, "text");
    assertEquals([wrong.status, wrong.stdout], [2, ""]);
    assertStringIncludes(wrong.stderr, `${file} is not JSON`);
  }
  const mistakes: [string, string, string?][] = [
    ["image.png", 'Cannot read "image.png": it is not UTF-8'],
    [".", 'Cannot read ".": it is a folder'],
    ["-", "standard input holds the program", "-"],
  ];
  for (const [file, message, program] of mistakes) {
    const { status, stdout, stderr } = await capsule(file, "", program);
    assertEquals([status, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
  }
  assertEquals(JSON.parse((await capsule("ok.csv", "")).stdout), ["é"]);
});

Deno.test("a result starts on a new line, and output without a newline is unchanged", async () => {
  using folder = project({
    "result.py": "def main():\n    print('50%\\r100%', end='')\n    return 42",
    "null.py": "def main():\n    print('x', end='')",
    "fails.py": "import sys\ndef main():\n    sys.stderr.write('x')\n    raise ValueError('no')",
  });
  const capsule = (...args: string[]) => cli(["run", ...args], { cwd: folder.path });
  assertEquals((await capsule("result.py")).stdout, "50%\r100%\n42\n");
  assertEquals((await capsule("null.py")).stdout, "x");
  assertStringIncludes((await capsule("fails.py")).stderr, "x\nerror: ");
  const json = await capsule("result.py", "--json");
  assertEquals(JSON.parse(json.stdout).result, 42);
  assertEquals(json.stderr, "50%\r100%");
});

Deno.test("--json prints one document, whatever the program does", async () => {
  const cases: [[string, string][], number, string | null][] = [
    [programs("", 'console.log("printed"); return 1', 'print("printed"); return 1'), 0, null],
    [programs("", 'throw new Error("no")', 'raise ValueError("no")'), 1, "task_error"],
    [programs('compute: "LOW"', "while (true);", "while True: pass"), 1, "fuel_exhausted"],
    [programs("", "return 10n", "return {1, 2}"), 1, "invalid_result"],
    [
      programs(
        'ram: "64MB"',
        "const a = []; while (true) a.push(new Uint8Array(1e6))",
        "a = []\n  while True: a.append(bytes(10**6))",
      ),
      1,
      "memory_limit",
    ],
    [
      programs(
        'timeout: "100ms"',
        "return new Promise((r) => setTimeout(r, 60000))",
        "import time; time.sleep(60)",
      ),
      1,
      "timeout",
    ],
  ];
  cases.push([
    [["main.ts", programs("", "return (function f(): number { return f() + 1 })()", "")[0]![1]]],
    1,
    "stack_overflow",
  ]);
  cases.push([[["main.py", "def main(): return main() + 1"]], 1, "task_error"]);
  for (const [files, status, errorType] of cases) {
    for (const [file, code] of files) {
      using folder = project({ [file]: code });
      const result = await cli(["run", file, "--json"], { cwd: folder.path });
      const envelope = JSON.parse(result.stdout);
      assertEquals(result.stdout.trimEnd().includes("\n"), false, "one line");
      assertEquals(result.status, status, code);
      assertEquals(envelope.error?.error_type ?? null, errorType, JSON.stringify(envelope));
      assertEquals(envelope.success, status === 0);
      assertEquals(Object.keys(envelope), ["success", "result", "error", "execution"]);
      if (status === 0) assertEquals(result.stderr, "printed\n");
    }
  }
});

Deno.test("without --json a failure is shown on standard error, with its stack", async () => {
  using folder = project({
    "main.ts":
      `import { task } from "@capsule/sdk";\nexport const main = task({ name: "main" }, () => {\n  console.log("before");\n  throw new Error("no");\n});`,
  });
  const { status, stdout, stderr } = await cli(["run", "main.ts"], { cwd: folder.path });
  assertEquals([status, stdout], [1, "before\n"]);
  assertStringIncludes(stderr, 'error: task "main" failed: Error: no (task_error)');
  assertMatch(stderr, /at <anonymous> \(main\.ts:4:\d+\)/);
});

/** Those of `mistakes` that are wrong themselves. */
const OF_PROGRAM = /^(?:nomain|notask|syntax|import|option|value)\./;

Deno.test("errors have a helpful message, and status 2, or 1 for errors of the program", async () => {
  using folder = project({
    ...HELLO,
    "nomain.ts":
      `import { task } from "@capsule/sdk";\nexport const other = task({ name: "other" }, () => 1);`,
    "notask.ts": `import { unwrap } from "@capsule/sdk";\nexport const main = () => unwrap;`,
    "syntax.ts": "const a = 1;\nconst = 2;",
    "syntax.py": "def main():\n  return (1,\n",
    "import.ts": `import { x } from "./nothing.ts";\nx();`,
    "import.py": "import json\nimport nothing\ndef main(): pass",
    "option.py": `from capsule import task\n@task(memory="1GB")\ndef main(): pass`,
    "value.ts":
      `import { task } from "@capsule/sdk";\nexport const main = task({ name: "main", ram: "lots" }, () => 1);`,
  });
  const mistakes = [
    [["run", "missing.ts"], "there is no such file"],
    [["run"], "no FILE given"],
    [["run", "hello.rb"], "its ending is none of .ts, .tsx"],
    [["run", "nomain.ts"], 'nomain.ts: there is no task "main"; its tasks are: other'],
    [["run", "notask.ts"], 'notask.ts: there is no task "main"; it declares no task'],
    [["run", "syntax.ts"], "syntax.ts:2:6"],
    [["run", "syntax.py"], "syntax.py:2:10: SyntaxError: '(' was never closed"],
    [["run", "import.ts"], "import.ts:1:18"],
    [["run", "import.py"], "import.py:2:1: ModuleNotFoundError: No module named 'nothing'"],
    [["run", "option.py"], 'option.py: task "main": memory: unknown option'],
    [["run", "value.ts"], 'value.ts: task "main": ram: must be a size'],
    [["run", "hello.ts", "--jsno"], 'unknown option "--jsno"'],
    [["run", "hello.ts", "--cwd", "nowhere"], "there is no such folder"],
    [["run", "-"], "needs --language"],
    [["fly"], 'unknown command "fly"'],
  ] as const;
  for (const [args, message] of mistakes) {
    for (const extra of [[], ["--json"]]) {
      const { status, stdout, stderr } = await cli([...args, ...extra], { cwd: folder.path });
      const isOfProgram = OF_PROGRAM.test(args[1] ?? "");
      assertEquals(status, isOfProgram ? 1 : 2, args.join(" "));
      if (isOfProgram && extra.length > 0) {
        const { error } = JSON.parse(stdout);
        assertEquals(error.error_type, "invalid_program");
        assertStringIncludes(error.message, message);
        continue;
      }
      assertEquals(stdout, "", args.join(" "));
      assertStringIncludes(stderr, message);
      assertMatch(stderr, /^error: /);
    }
  }
});

Deno.test("a system error is shown as a message, not as a bug in Capsule", async () => {
  using folder = project({ ...HELLO, "args.json/x": "", "bom.json": '\ufeff["Ada"]' });
  const cases = [
    [["hello.py", "--args-file", "args.json"], 2, 'Cannot read "args.json"'],
    [["hello.py", "--args-file", "bom.json"], 0, ""],
    [["args.json.py"], 2, "no such file"],
  ] as const;
  for (const [args, status, message] of cases) {
    const result = await cli(["run", ...args], { cwd: folder.path });
    assertEquals(result.status, status, result.stderr);
    assertStringIncludes(result.stderr, message);
  }
  const full = new Deno.Command("sh", {
    args: ["-c", `"$0" run -A --quiet "$1" run hello.py > /dev/full`, Deno.execPath(), CLI],
    cwd: folder.path,
    env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1" },
  });
  const { code, stderr } = await full.output();
  const told = new TextDecoder().decode(stderr);
  assertEquals(code, 2, told);
  assertEquals(told.includes("fault of Capsule"), false, told);
});

Deno.test("the file may lie elsewhere, and --cwd says where relative paths start", async () => {
  using folder = project({ "src/hello.py": HELLO["hello.py"], "args.json": '["there"]' });
  using elsewhere = project();
  const options = { cwd: elsewhere.path };
  const absolute = await cli(["run", `${folder.path}/src/hello.py`], options);
  assertEquals(absolute.stdout, "Hello, world!\n");
  const relative = await cli(
    ["run", "src/hello.py", "--cwd", folder.path, "--args-file", "args.json"],
    options,
  );
  assertEquals(relative.stdout, "Hello, there!\n");
});

Deno.test("--packages selects the packages that a program can import: host, none or a folder's", async () => {
  const site = ".venv/lib/python3.12/site-packages";
  using folder = project({
    "main.py": `
def main():
    try:
        import own
        return own.VALUE
    except ImportError:
        return "nothing"`,
    ".venv/pyvenv.cfg": "",
    [`${site}/own.py`]: "VALUE = 'project'",
    "other/.venv/pyvenv.cfg": "",
    [`other/${site}/own.py`]: "VALUE = 'other'",
  });
  const env = { VIRTUAL_ENV: "" };
  const cases = [
    [[], "project"],
    [["--packages", "none"], "nothing"],
    [["--packages", "host"], "project"],
    [["--packages=other"], "other"],
    [["--packages", "./other/.venv"], "other"],
  ] as const;
  for (const [args, expected] of cases) {
    const { stdout, stderr } = await cli(["run", "main.py", ...args], { cwd: folder.path, env });
    assertEquals([stdout, stderr], [`${expected}\n`, ""], args.join(" "));
  }
  for (const wrong of ["", "missing", "main.py"]) {
    const args = ["run", "main.py", `--packages=${wrong}`];
    const { status, stdout, stderr } = await cli(args, { cwd: folder.path, env });
    assertEquals([status, stdout], [2, ""], stderr);
    assertMatch(stderr, /error: packages: /);
  }
});

Deno.test("without FILE, the entrypoint of the nearest capsule.toml runs", async () => {
  using folder = project({
    "capsule.toml": `[workflow]\nentrypoint = "src/hello.py"`,
    "src/hello.py": HELLO["hello.py"],
    "deep/er/file": "",
  });
  const cwd = `${folder.path}/deep/er`;
  assertEquals((await cli(["run"], { cwd })).stdout, "Hello, world!\n");
  assertEquals((await cli(["run", "--", "Ada"], { cwd })).stdout, "Hello, Ada!\n");
  folder.write("capsule.toml", `[workflow]\nentry = "src/hello.py"`);
  const { status, stdout, stderr } = await cli(["run"], { cwd });
  assertEquals([status, stdout], [2, ""]);
  assertStringIncludes(stderr, "capsule.toml:2: workflow.entry: unknown key");
});

Deno.test("- reads the program from standard input", async () => {
  using folder = project({ "beside.py": "x = 42" });
  const python = await cli(["run", "-", "--language", "python", "a"], {
    cwd: folder.path,
    input: "import sys\nprint(sys.argv[1:])",
  });
  assertEquals(python, { status: 0, stdout: "['a']\n", stderr: "" });
  const typescript = await cli(["run", "-", "--language=typescript"], {
    cwd: folder.path,
    input: HELLO["hello.ts"],
  });
  assertEquals(typescript.stdout, "Hello, world!\n");
});

Deno.test("a program from standard input gets what the command line grants, or all with --allow-declared", async () => {
  using folder = project({
    "beside.py": "x = 42",
    "data/x": "text",
    "elsewhere/x": "other",
  });
  const input = `import os
from capsule import task
@task(env_variables=["A"], allowed_files=["data"])
def main():
    seen = [os.environ.get("A"), os.environ.get("B")]
    try: seen.append(open("data/x").read())
    except OSError: seen.append(None)
    try: import beside; seen.append(beside.x)
    except ImportError: seen.append(None)
    return seen`;
  const env = { A: "a", B: "b" };
  const seen = async (...args: string[]) => {
    const command = ["run", "-", "--language", "python", "--json", ...args];
    const { stdout } = await cli(command, { cwd: folder.path, input, env });
    return JSON.parse(stdout).result;
  };
  assertEquals(await seen(), [null, null, null, null]);
  assertEquals(await seen("--policy", "none"), [null, null, null, null]);
  assertEquals(await seen("--allow-env", "A"), ["a", null, null, null]);
  assertEquals(await seen("--allow-files", "./data:ro"), [null, null, "text", null]);
  const renamed = `${folder.path}/elsewhere::data:ro`;
  assertEquals(await seen("--allow-files", renamed), [null, null, "other", null]);
  assertEquals(await seen("--allow-declared"), ["a", null, "text", 42]);
  assertEquals(await seen("--policy=declared", "--allow-env=B"), ["a", "b", "text", 42]);
});

Deno.test("options limit each task, and set the standard input of main", async () => {
  using folder = project({
    "loop.py": "def main():\n  while True: pass",
    "read.py": "def main(): return input()",
    "line.txt": "grüße\n",
  });
  const json = async (...args: string[]) => {
    const { stdout } = await cli(["run", ...args, "--json"], {
      cwd: folder.path,
      input: "piped\n",
    });
    return JSON.parse(stdout);
  };
  assertEquals((await json("loop.py", "--timeout", "100ms")).error.error_type, "timeout");
  assertEquals((await json("loop.py", "--compute=40000000")).error.error_type, "fuel_exhausted");
  assertEquals((await json("loop.py", "--ram", "1MB")).error.error_type, "memory_limit");
  assertEquals((await json("read.py", "--stdin", "line.txt")).result, "grüße");
  assertEquals((await json("read.py", "--stdin=-")).result, "piped");
  assertEquals((await json("read.py")).error.error_type, "task_error");
  const twice = await cli(["run", "-", "--language", "python", "--stdin", "-"], {
    cwd: folder.path,
    input: "print(input())",
  });
  assertEquals([twice.status, twice.stdout], [2, ""]);
  assertStringIncludes(twice.stderr, "standard input holds the program\nhint: read the task's");
  for (
    const [option, says] of [
      ["--timeout=soon", "timeout"],
      ["--policy=all", "--policy must be"],
      ["--stdin=/dev/zero", "it is not a regular file"],
    ]
  ) {
    const { status, stdout, stderr } = await cli(["run", "read.py", option!], { cwd: folder.path });
    assertEquals([status, stdout], [2, ""]);
    assertStringIncludes(stderr, says!);
  }
});

Deno.test("--verbose reports each task on standard error", async () => {
  using folder = project({
    "main.py":
      "from capsule import task\n@task\ndef part(): raise ValueError()\n@task\ndef main():\n  part()\n  return 1",
  });
  const { status, stdout, stderr } = await cli(["run", "main.py", "-v"], { cwd: folder.path });
  assertEquals([status, stdout], [0, "1\n"]);
  assertStringIncludes(stderr, "Uncaught (in sub-task part) task_error: ValueError");
  const lines = stderr.split("\n").filter((line) => line.startsWith("#"));
  assertEquals(lines.slice(0, 2), ["#1 main started", "#2 part started from #1"]);
  assertMatch(lines[2]!, /^#2 part failed \(task_error\): [\d.]+ ms, [\d,]+ fuel, [\d.]+ MB$/);
  assertMatch(lines[3]!, /^#1 main completed: /);
});

Deno.test("output comes as it is printed, and raw bytes pass unchanged", async () => {
  using folder = project({
    "main.py":
      `import sys, time\ndef main():\n  print("first")\n  time.sleep(0.3)\n  sys.stdout.buffer.write(b"\\xff\\n")\n  sys.stdout.flush()\n  time.sleep(60)`,
  });
  const child = startCli(["run", "main.py"], { cwd: folder.path });
  await child.stdin.close();
  const chunks: number[] = [];
  for await (const chunk of child.stdout) {
    chunks.push(...chunk);
    if (chunks.length >= 8) break;
  }
  assertEquals(chunks, [...new TextEncoder().encode("first\n"), 0xff, 0x0a]);
  child.kill("SIGINT");
  await child.stderr.cancel();
  assertEquals((await child.status).code, 130);
});

Deno.test("Ctrl-C ends a long task: status 130, nothing left running", async () => {
  using folder = project({
    "loop.ts":
      `import { task } from "@capsule/sdk";\nconst spin = task({ name: "spin", compute: "HIGH" }, () => { console.log("on"); while (true); });\nexport const main = task({ name: "main" }, async () => (await spin()).error);`,
    "sleep.py": `import time\ndef main():\n  print("on", flush=True)\n  time.sleep(60)`,
  });
  for (const file of ["loop.ts", "sleep.py"]) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const child = startCli(["run", file, "--json"], { cwd: folder.path });
      await child.stdin.close();
      const reader = child.stderr.getReader();
      assertEquals(new TextDecoder().decode((await reader.read()).value), "on\n");
      const started = performance.now();
      child.kill(signal);
      const stdout = await new Response(child.stdout).text();
      const { code } = await child.status;
      assertEquals(code, 130);
      assertEquals(performance.now() - started < 2000, true);
      assertEquals(JSON.parse(stdout).error.error_type, "cancelled");
      await reader.cancel();
    }
  }
});

Deno.test("Ctrl-C ends top-level code, and the wait for a program from standard input", async () => {
  using folder = project({
    "main.ts": `import { task } from "@capsule/sdk"; console.log("loading"); for (;;) task;`,
  });
  for (const args of [["main.ts"], ["main.ts", "--json"], ["-", "--language", "python"]]) {
    const child = startCli(["run", ...args], { cwd: folder.path });
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill("SIGINT");
    const started = performance.now();
    const { code, stdout } = await child.output();
    assertEquals(code, 130, args.join(" "));
    assertEquals(performance.now() - started < 2000, true);
    if (args.includes("--json")) {
      assertEquals(JSON.parse(new TextDecoder().decode(stdout)).error.error_type, "cancelled");
    }
    await child.stdin.close().catch(() => {});
  }
});

Deno.test("large whole numbers pass unchanged", async () => {
  using folder = project({ "main.py": "def main(n): return [n, n + 1, 2 ** 70, 1.0]" });
  const { stdout } = await cli(["run", "main.py", "--args-json", "[9007199254740993]"], {
    cwd: folder.path,
  });
  assertEquals(
    stdout,
    "[\n  9007199254740993,\n  9007199254740994,\n  1180591620717411303424,\n  1.0\n]\n",
  );
});

Deno.test("the first run compiles the engine, and reports it on standard error", async () => {
  using folder = project(HELLO);
  const env = { CAPSULE_CACHE_DIR: `${folder.path}/cache` };
  const runs = await Promise.all(
    Array.from({ length: 4 }, () => cli(["run", "hello.ts"], { cwd: folder.path, env })),
  );
  for (const { status, stdout } of runs) assertEquals([status, stdout], [0, "Hello, world!\n"]);
  const told = runs.filter(({ stderr }) => stderr !== "");
  assertEquals(told.length, 1, "of several that start at once, one compiles");
  assertMatch(
    told[0]!.stderr,
    /^Compiling the JavaScript engine for this machine, once…\nThe JavaScript engine is ready \([\d.]+ s\)\n$/,
  );
  assertEquals(Deno.statSync(env.CAPSULE_CACHE_DIR).mode! & 0o777, 0o700);
});

Deno.test("--help shows usage and examples, and --version the version", async () => {
  const options = { cwd: "/" };
  const help = await cli(["--help"], options);
  assertEquals(help.status, 0);
  for (const part of ["Usage: capsule COMMAND", "run  ", "$ capsule run hello.py Ada"]) {
    assertStringIncludes(help.stdout, part);
  }
  const run = await cli(["run", "--help"], options);
  for (const part of ["Usage: capsule run [FILE]", "--args-json JSON", "Exit codes: 0 success"]) {
    assertStringIncludes(run.stdout, part);
  }
  assertEquals((await cli(["help", "run"], options)).stdout, run.stdout);
  const version = await cli(["--version"], options);
  assertMatch(version.stdout, /^capsule \d+\.\d+\.\d+\n$/);
  assertEquals((await cli([], options)).status, 2);
});
