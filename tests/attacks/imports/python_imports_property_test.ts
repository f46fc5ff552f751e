/**
 * Random projects: nothing is read that does not lie in the program's own folder, whatever links say. And random
 * source: imports are read as Python reads them.
 *
 * `PROJECTS=500 deno test -A tests/attacks/imports/python_imports_property_test.ts` tries more of them; `SEED` others.
 */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { CACHE, project, ROOT, warmEngines } from "../../support/support.ts";
import { importsOf } from "../../../compiler/python/imports.ts";
import { Random } from "../../../scripts/fuzz/random.ts";
import { randomPython } from "./python_source.ts";
import { makeProject, SECRET } from "./python_projects.ts";
import { run } from "@capsule/sdk/runner";

await warmEngines();

const COUNT = Number(Deno.env.get("PROJECTS") ?? 25);
const SEED = Number(Deno.env.get("SEED") ?? 1);
const HAS_STRACE = Deno.build.os === "linux" &&
  new Deno.Command("sh", { args: ["-c", "strace -o /dev/null true"], stderr: "null" }).outputSync()
    .success;
const CACHES = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
/** What the process opens for itself. */
const OWN = [
  // Deno keeps there what it has compiled of the sources, after a first run.
  `${Deno.env.get("DENO_DIR") || `${CACHES}/deno`}/`,
  ROOT,
  `${CACHE}/`,
  "/proc/self/",
  "/proc/sys/vm/",
  "/etc/ssl/certs/",
  "/sys/",
  "pipe:",
  "socket:",
  "anon_inode:",
];

interface Told {
  files: { path: string; text: string }[] | { refused?: string; fault?: string };
  packages: { host: string }[] | { refused?: string; fault?: string };
}

Deno.test({
  name:
    `${COUNT} projects of strangers, seed ${SEED}: nothing outside of the program's folder is opened`,
  async fn() {
    using folder = project();
    for (let index = 0; index < COUNT; index++) {
      makeProject(`${folder.path}/${index}`, SEED * 1_000_003 + index);
    }
    const { lines, calls } = await compileAll(folder.path);
    assertEquals(lines.length, COUNT);
    const counts = { collected: 0, refused: 0, packages: 0 };
    for (const [index, line] of lines.entries()) {
      const where = `seed ${SEED}, project ${index}`;
      assertTrue(!line.includes(SECRET), `${where}: a secret`);
      assertTrue(!line.includes("root:x:"), `${where}: /etc/passwd`);
      const { files, packages } = JSON.parse(line) as Told;
      const own = `${folder.path}/${index}/repo/src`;
      if (Array.isArray(files)) {
        counts.collected++;
        for (const { path, text } of files) {
          assertInside(own, `${own}/${path}`, where);
          assertEquals(text, Deno.readTextFileSync(`${own}/${path}`), `${where}: ${path}`);
        }
      } else {
        assertTrue(files.fault === undefined, `${where}: ${files.fault}`);
        counts.refused++;
      }
      if (Array.isArray(packages)) {
        counts.packages += packages.length;
        for (const { host } of packages) assertInside(`${own}/.venv`, host, where);
      } else {
        assertTrue(packages.fault === undefined, `${where}: ${packages.fault}`);
      }
    }
    assertOpened(calls);
    console.log(
      JSON.stringify(counts),
      HAS_STRACE ? "" : "(no strace: what was opened was not looked at)",
    );
    // Projects that are all refused, or all harmless, would show nothing.
    for (const count of Object.values(counts)) {
      assertTrue(count > COUNT / 10, JSON.stringify(counts));
    }
  },
});

async function compileAll(folder: string): Promise<{ lines: string[]; calls: string }> {
  const deno = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`];
  const command = [...deno, `${ROOT}tests/attacks/imports/compile_projects.ts`, folder, `${COUNT}`];
  const log = `${folder}/calls`;
  const traced = [
    "strace",
    "-f",
    "-y",
    "-s",
    "4096",
    "-e",
    "trace=open,openat,openat2,creat",
    "-o",
    log,
  ];
  const [program, ...args] = HAS_STRACE ? [...traced, "-e", "trace=%file", ...command] : command;
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args,
    env: { CAPSULE_CACHE_DIR: CACHE, DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  return {
    lines: decoder.decode(stdout).trimEnd().split("\n"),
    calls: HAS_STRACE ? Deno.readTextFileSync(log) : "",
  };
}

/** Every file and folder that was opened for a project lies in its program's folder, links followed. */
function assertOpened(calls: string): void {
  let current: string | undefined;
  let opened = 0;
  for (const line of calls.split("\n")) {
    const begins = line.match(/"([^"]*)\/begins"/)?.[1];
    if (begins !== undefined) current = begins;
    if (current === undefined || !/^\d+ +open/.test(line)) continue;
    // A step on the way, which gives nothing to read. The path of what is opened has no links.
    if (line.includes("O_PATH")) continue;
    const path = line.match(/\) += \d+<(.*)>$/)?.[1];
    if (path === undefined) continue;
    if (OWN.some((own) => path.startsWith(own) || own === `${path}/`)) continue;
    opened++;
    const own = `${current}/repo/src`;
    assertTrue(path === own || path.startsWith(`${own}/`), line.slice(0, 500));
  }
  if (HAS_STRACE) assertTrue(opened > COUNT, `only ${opened} were opened`);
}

function assertInside(folder: string, path: string, where: string): void {
  const real = Deno.realPathSync(path);
  assertTrue(real === folder || real.startsWith(`${folder}/`), `${where}: ${path}`);
}

const IMPORTS_OF = `
import ast
from capsule import task
@task(compute="HIGH")
def main(sources):
    found = []
    for source in sources:
        try: tree = ast.parse(source)
        except SyntaxError:
            found.append(None)
            continue
        these = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                these += [[0, alias.name, [], node.lineno] for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [alias.name for alias in node.names if alias.name != "*"]
                these.append([node.level, node.module or "", names, node.lineno])
        found.append(these)
    return found
`;

Deno.test(`the imports of ${COUNT * 40} random modules are those that Python finds`, async () => {
  const random = new Random(SEED);
  const sources = Array.from({ length: COUNT * 40 }, () => randomPython(random));
  const { result, error } = await run({ code: IMPORTS_OF, language: "python", args: [sources] });
  assertEquals(error, null, error?.message);
  let parsed = 0;
  for (const [index, expected] of (result as (unknown[][] | null)[]).entries()) {
    // Some of it is no Python.
    if (expected === null) continue;
    parsed++;
    const found = [...importsOf(sources[index]!)].map(({ level, module, names, line }) => [
      ...[level, module, names, line],
    ]);
    const sorted = (list: unknown[][]) => list.map((one) => JSON.stringify(one)).sort();
    assertEquals(sorted(found), sorted(expected), sources[index]);
  }
  assertTrue(parsed > sources.length / 3, `only ${parsed} of ${sources.length} are Python`);
});
