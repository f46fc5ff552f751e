/** Text of guests that is made to take the host's own thread for long, or to fill its messages. */
import { assertEquals, assertThrows, assertTrue } from "../../support/assert.ts";
import { lateness } from "../../support/lateness.ts";
import { project, warmEngines } from "../../support/support.ts";
import { reachablePackages } from "../../../compiler/python/distributions.ts";
import { CapsuleError } from "../../../errors/error.ts";
import { parseDeclarations, policiesOf } from "../../../runner/policy/policy.ts";
import { HOSTS } from "../hosts.ts";

await warmEngines();

const LENGTH = 100_000;
/** What takes quadratic time takes a minute. This machine may be busy. */
const LATE_MS_AT_MOST = 250;
const MESSAGE_LENGTH_AT_MOST = 1000;

const OPTIONS: Record<string, string> = {
  "spaces in ram": `ram: "1" + " ".repeat(N) + "x"`,
  "spaces around ram": `ram: " ".repeat(N) + "1" + " ".repeat(N) + "MBx"`,
  "digits of ram": `ram: "1".repeat(N) + "."`,
  "points of ram": `ram: "1.".repeat(N)`,
  "spaces in timeout": `timeout: "1" + " ".repeat(N) + "x"`,
  "digits of timeout": `timeout: "1".repeat(N) + "y"`,
  "digits of compute": `compute: "1".repeat(N)`,
  "a long name of compute": `compute: "LOW".repeat(N)`,
  "a deep value": `ram: Array.from({ length: 5000 }).reduce((inner) => [inner], 1)`,
  "a wide value": `ram: Array.from({ length: N }, (_, i) => i)`,
  "a long path": `allowedFiles: ["a/".repeat(N) + "x"]`,
  "a path of detours": `allowedFiles: ["a/../".repeat(N) + "x"]`,
  "a long mode": `allowedFiles: [{ path: "a", mode: "r".repeat(N) }]`,
  "a long key of a folder": `allowedFiles: [{ path: "a", ["k".repeat(N)]: 1 }]`,
  "many folders": `allowedFiles: Array.from({ length: N }, (_, i) => "d" + i)`,
  "a long host": `allowedHosts: ["a".repeat(N)]`,
  "a host of many parts": `allowedHosts: ["a.".repeat(N) + "é"]`,
  "a host of many dots": `allowedHosts: [".".repeat(N)]`,
  "an address of many colons": `allowedHosts: ["[" + ":".repeat(N)]`,
  "a port of many digits": `allowedHosts: ["a.b:" + "1".repeat(N)]`,
  "many hosts": `allowedHosts: Array.from({ length: N }, (_, i) => "h" + i + ".com")`,
  "a long variable": `envVariables: ["V".repeat(N) + "-"]`,
  "many variables": `envVariables: Array.from({ length: N }, (_, i) => "V" + i)`,
  "a long option": `["x".repeat(N)]: 1`,
  "an option of many words": `["x_".repeat(N)]: 1`,
  "many options": `...Object.fromEntries(Array.from({ length: N }, (_, i) => ["o" + i, 1]))`,
};

for (const [host, ask] of Object.entries(HOSTS)) {
  Deno.test(`${host}: an option that is made to be slow to read is refused at once, in few words`, async (step) => {
    for (const [name, option] of Object.entries(OPTIONS)) {
      await step.step(name, async () => {
        const code = `import { task } from "@capsule/sdk"; const N = ${LENGTH};
          task({ name: "main", ${option} }, () => 1);`;
        const [answer, lateMs] = await lateness(() =>
          ask({ code, language: "typescript", policy: "none" })
        );
        assertTrue(
          answer.problem === "invalid_program",
          JSON.stringify(answer).slice(0, 500),
        );
        assertTrue(
          answer.message.length < MESSAGE_LENGTH_AT_MOST,
          `${answer.message.length} characters`,
        );
        assertTrue(lateMs < LATE_MS_AT_MOST, `the host waits for ${lateMs} ms`);
      });
    }
  });
}

const SOURCES: Record<string, string> = {
  "spaces behind from": `from${" ".repeat(LENGTH)}x y`,
  "dots": `from${".".repeat(LENGTH)}x y`,
  "dots and spaces": `from${" .".repeat(LENGTH / 2)}`,
  "spaces behind import": `import${" ".repeat(LENGTH)}`,
  "a long word": `from ${"a".repeat(LENGTH)}`,
  "backslashes": `x = """${"\\".repeat(LENGTH)}`,
  "brackets": "(".repeat(LENGTH),
  "quotes": "'".repeat(LENGTH),
  "fields": "f'{".repeat(LENGTH / 3),
  "formats": `f'${"{x:".repeat(LENGTH / 3)}`,
  "parts of a name": `import ${"a.".repeat(LENGTH / 2)}a`,
  "many names": `from a import (${"b,".repeat(LENGTH / 2)})`,
  "many statements": "import a;".repeat(LENGTH / 9),
  "millions of dots": `from ${".".repeat(5e6)} import x`,
  "hundreds of thousands of names": `from a import (${"b,".repeat(3e5)}c)`,
  "millions of parts of a name": `import ${"a.".repeat(3e6)}a`,
  "millions of commas": `import ${",".repeat(5e6)}`,
  "millions of words": "a ".repeat(5e6),
};

Deno.test("Python that is made to be slow to read keeps no host waiting", async (step) => {
  for (const [name, source] of Object.entries(SOURCES)) {
    await step.step(name, async () => {
      using folder = project({ "main.py": `x = "import"\n${source}\ndef main(): return 1` });
      const ask = HOSTS["this process"]!;
      const [answer, lateMs] = await lateness(() =>
        ask({ file: "main.py", cwd: folder.path, policy: "none" })
      );
      // Some of it is no Python, or imports nothing that there is.
      assertTrue(answer.problem !== "internal", answer.message.slice(0, 500));
      assertTrue(lateMs < LATE_MS_AT_MOST, `the host waits for ${lateMs} ms`);
    });
  }
});

const PROGRAM = { name: "main.py", language: "python" } as const;

Deno.test("declarations that are broken, many, large or of odd names are refused, and change nothing of the host", () => {
  const task = (name: string) => ({ name, options: {} });
  const many = (count: number) =>
    JSON.stringify({ tasks: Array.from({ length: count }, (_, i) => task(`t${i}`)) });
  assertEquals(parseDeclarations(PROGRAM, many(10_000)).length, 10_000);
  const large = JSON.stringify({ tasks: [task("x".repeat(1 << 20))] });
  for (
    const text of [
      many(10_001),
      large,
      "",
      "{",
      "null",
      "[]",
      '"x"',
      '{"tasks":[null]}',
      '{"tasks":[{}]}',
    ]
  ) {
    const error = assertThrows(
      () => parseDeclarations(PROGRAM, text),
      CapsuleError,
      "declarations",
    );
    assertTrue(error.message.length < MESSAGE_LENGTH_AT_MOST, `${error.message.length} characters`);
  }
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const odd = JSON.stringify({ tasks: names.map(task) });
  const policies = policiesOf(PROGRAM, parseDeclarations(PROGRAM, odd));
  assertEquals(Object.keys(policies), names);
  for (const key of names) {
    const options = `{"name":"main","options":{"${key}":{"polluted":true}}}`;
    const declared = parseDeclarations(
      PROGRAM,
      `{"tasks":[${options}],"${key}":{"polluted":true}}`,
    );
    assertThrows(() => policiesOf(PROGRAM, declared), CapsuleError, `${key}: unknown option`);
    const folder = `{"name":"main","options":{"allowed_files":[{"path":"a","${key}":1}]}}`;
    const files = parseDeclarations(PROGRAM, `{"tasks":[${folder}]}`);
    assertThrows(() => policiesOf(PROGRAM, files), CapsuleError, `.${key}: unknown key`);
  }
  assertEquals(Object.hasOwn(Object.prototype, "polluted"), false);
  const deep = `{"tasks":[{"name":"main","options":{"ram":${"[".repeat(1e5)}${"]".repeat(1e5)}}}]}`;
  const error = assertThrows(
    () => policiesOf(PROGRAM, parseDeclarations(PROGRAM, deep)),
    CapsuleError,
    "ram: must be a size",
  );
  assertEquals(error.code, "invalid_program");
});

Deno.test("metadata of packages that is made to be slow to read, or to lead elsewhere, ships nothing by it", () => {
  const part = "x".repeat(LENGTH);
  const record = [
    "pkg/__init__.py,,",
    "../outside.py,,",
    "/etc/passwd,,",
    "pkg/../../outside.py,,",
    "linked.py,,",
    "linked/secret.py,,",
    "device.py,,",
    "missing.py,,",
    "\0,,",
    `"quoted,""name"".py",,`,
    `"${'""'.repeat(LENGTH)}`,
    `${".x".repeat(LENGTH)},,`,
    "/".repeat(LENGTH),
    "../".repeat(LENGTH),
    part,
  ].join("\n");
  const metadata =
    `Name: pkg\n${"Requires-Dist:".repeat(LENGTH)}\nRequires-Dist:${" ".repeat(LENGTH)}\n` +
    `Requires-Dist: ${"a-".repeat(LENGTH)}\n${"Name:\n".repeat(LENGTH)}`;
  using folder = project({
    "outside.py": "hunter2",
    "elsewhere/secret.py": "hunter2",
    "site/pkg/__init__.py": "own",
    'site/quoted,"name".py': "own",
    "site/pkg-1.dist-info/METADATA": metadata,
    "site/pkg-1.dist-info/RECORD": record,
    "site/loop/__init__.py": "own",
  });
  const site = `${folder.path}/site`;
  Deno.symlinkSync("../outside.py", `${site}/linked.py`);
  Deno.symlinkSync("../elsewhere", `${site}/linked`);
  Deno.symlinkSync("/dev/zero", `${site}/device.py`);
  Deno.symlinkSync("..", `${site}/loop/up`);
  Deno.symlinkSync("../../elsewhere", `${site}/loop/linked`);
  const encoder = new TextEncoder();
  const source = "import pkg, loop, linked";
  const program = {
    ...PROGRAM,
    files: [{ path: "main.py", data: encoder.encode(source) }],
  };
  const granted = [{ host: site, guest: "/.capsule/packages", read_only: true }];
  const startedMs = performance.now();
  const [shipped] = reachablePackages(program, granted, []);
  assertTrue(performance.now() - startedMs < 2000, "it takes too long");
  const found = shipped!.files.map(({ path, data }) =>
    `${path}: ${new TextDecoder().decode(data)}`
  );
  assertTrue(!found.some((text) => text.includes("hunter2")), "something from elsewhere");
  for (const path of ["pkg/__init__.py", 'quoted,"name".py', "loop/__init__.py"]) {
    assertTrue(found.includes(`${path}: own`), `${path} is missing`);
  }
});
