/** Many tasks that append to one file of a granted folder: none loses what another wrote. */
import { assertEquals } from "../../support/assert.ts";
import { project } from "../../support/support.ts";
import { run } from "@capsule/sdk/runner";

const TASKS = 16;
const LINES = 50;

/** How a task appends lines, one by one. `line(n)` is what it writes. */
const TYPESCRIPT: Record<string, string> = {
  "fs.appendFileSync": "for (let n = 0; n < LINES; n++) fs.appendFileSync(path, line(n));",
  "fs.promises.appendFile":
    "for (let n = 0; n < LINES; n++) await fs.promises.appendFile(path, line(n));",
  "appendFile side by side":
    "await Promise.all(Array.from({ length: LINES }, (_, n) => fs.promises.appendFile(path, line(n))));",
  "fs.writeFileSync with the flag a":
    'for (let n = 0; n < LINES; n++) fs.writeFileSync(path, line(n), { flag: "a" });',
  "fs.promises.writeFile with the flag a":
    'for (let n = 0; n < LINES; n++) await fs.promises.writeFile(path, line(n), { flag: "a" });',
  "fs.openSync for a":
    'const fd = fs.openSync(path, "a"); for (let n = 0; n < LINES; n++) fs.writeSync(fd, line(n)); fs.closeSync(fd);',
  "fs.openSync for a+, with positions that do not count":
    'const fd = fs.openSync(path, "a+"); for (let n = 0; n < LINES; n++) fs.writeSync(fd, line(n), 0); fs.closeSync(fd);',
  "fs.openSync with numbers":
    "const { O_APPEND, O_CREAT, O_WRONLY } = fs.constants; const fd = fs.openSync(path, O_APPEND | O_CREAT | O_WRONLY); for (let n = 0; n < LINES; n++) fs.writeSync(fd, line(n)); fs.closeSync(fd);",
  "FileHandle.appendFile":
    'const file = await fs.promises.open(path, "a"); for (let n = 0; n < LINES; n++) await file.appendFile(line(n)); await file.close();',
  "FileHandle.write":
    'const file = await fs.promises.open(path, "a+"); for (let n = 0; n < LINES; n++) await file.write(line(n)); await file.close();',
  "fs.createWriteStream":
    'const to = fs.createWriteStream(path, { flags: "a" }); for (let n = 0; n < LINES; n++) to.write(line(n)); await new Promise((resolve) => to.end(resolve));',
};
const PYTHON: Record<string, string> = {
  'open(…, "a")':
    'with open(path, "a", buffering=1) as file:\n        for n in range(LINES): file.write(line(n))',
  'open(…, "ab", 0)':
    'with open(path, "ab", 0) as file:\n        for n in range(LINES): file.write(line(n).encode())',
  'open(…, "a+")':
    'with open(path, "a+", buffering=1) as file:\n        for n in range(LINES): file.seek(0); file.write(line(n)); file.flush()',
  "os.open with O_APPEND":
    "fd = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)\n    for n in range(LINES): os.write(fd, line(n).encode())\n    os.close(fd)",
};

const typescript = (body: string) =>
  `import fs from "node:fs";
import { task } from "@capsule/sdk";
const LINES = ${LINES};
const writer = task({ name: "writer", compute: "HIGH", allowedFiles: ["./out"] }, async (id) => {
  const path = "out/log"; const line = (n) => id + ":" + n + ":" + "x".repeat(100) + "\\n";
  ${body}
});
task({ name: "main" }, async () => {
  const calls = await Promise.all(Array.from({ length: ${TASKS} }, (_, id) => writer(id)));
  return calls.flatMap(({ error }) => error ?? []);
});`;
const python = (body: string) =>
  `import os
from capsule import task
LINES = ${LINES}
@task(compute="HIGH", allowed_files=["./out"])
def writer(id):
    path = "out/log"
    line = lambda n: f"{id}:{n}:" + "x" * 100 + "\\n"
    ${body}
@task
def main(): return [call["error"] for call in writer.map(range(${TASKS})) if call["error"]]`;

/** Of each task, its lines in their order. */
function lines(text: string): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const line of text.split("\n").slice(0, -1)) {
    const [, id, n] = /^(\d+):(\d+):x{100}$/.exec(line) ?? [];
    (found[id ?? `broken: ${line.slice(0, 60)}`] ??= []).push(Number(n));
  }
  for (const numbers of Object.values(found)) numbers.sort((a, b) => a - b);
  return found;
}

const EXPECTED = Object.fromEntries(
  Array.from({ length: TASKS }, (_, id) => [id, Array.from({ length: LINES }, (_, n) => n)]),
);

for (
  const [language, ways, program] of [
    ["typescript", TYPESCRIPT, typescript],
    ["python", PYTHON, python],
  ] as const
) {
  for (const [way, body] of Object.entries(ways)) {
    Deno.test(`${language}: ${way} loses nothing, though many tasks append`, async () => {
      const file = language === "python" ? "main.py" : "main.ts";
      using folder = project({ [file]: program(body), "out/keep": "" });
      const { result, error } = await run({ file, cwd: folder.path });
      assertEquals([result, error], [[], null]);
      assertEquals(lines(folder.read("out/log")), EXPECTED);
    });
  }
}

Deno.test("a file that is only read, or a folder, cannot be appended to", async () => {
  using folder = project({
    "main.ts": `import fs from "node:fs";
import { task } from "@capsule/sdk";
const attempt = (body) => { try { return body(); } catch ({ code }) { return code; } };
task({ name: "main", allowedFiles: [{ path: "./out", mode: "ro" }] }, () => [
  attempt(() => fs.appendFileSync("out/file", "x")),
  attempt(() => fs.appendFileSync("out", "x")),
  attempt(() => fs.writeSync(fs.openSync("out/file", "r"), "x")),
  attempt(() => fs.writeSync(99, "x")),
]);`,
    "out/file": "as it was",
  });
  const { result } = await run<string[]>({ file: "main.ts", cwd: folder.path });
  assertEquals([result![0], result![2], result![3]], ["EROFS", "EPERM", "EBADF"]);
  assertEquals(["EISDIR", "EROFS"].includes(result![1]!), true, result![1]);
  assertEquals(folder.read("out/file"), "as it was");
});
