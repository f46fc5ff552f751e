/**
 * Compares all that is opened while confined programs are compiled, by whichever process, with what they are given.
 * `CAPSULE_TEST_PROJECTS` says how many projects are made, and `CAPSULE_TEST_SEED` which.
 */
import { assertEquals } from "../../support/assert.ts";
import { project, ROOT } from "../../support/support.ts";
import { type Marked, markOf } from "./imports_projects.ts";

const PROJECTS = Number(Deno.env.get("CAPSULE_TEST_PROJECTS") ?? 25);
const SEED = Number(Deno.env.get("CAPSULE_TEST_SEED") ?? Date.now() % 1_000_000);

function hasStrace(): boolean {
  try {
    return new Deno.Command("strace", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** What a process opens that starts, as esbuild does once more if it has ended: none of it is of a program's choice. */
const STARTS =
  /^(?:\/etc\/ld\.so\.cache|\/(?:usr\/)?lib\/.*\.so[.\d]*|\/sys\/kernel\/mm\/.*|\/sys\/fs\/cgroup\/.*|\/proc\/\d+\/(?:cgroup|mountinfo)|\/proc\/sys\/vm\/overcommit_memory|\/dev\/null)$/;
/**
 * esbuild's own folder, which it would list for `import("../" + name)`. It can open that only in the moment before its clock has
 * taken the last descriptors, and ends then before it reads anything.
 */
const OWN_FOLDER = "/";

interface Opened {
  /** The number of the compilation. */
  index: number;
  path: string;
}

/** What was opened to be read, from the first mark on. */
function openedIn(trace: string): Opened[] {
  const opened: Opened[] = [];
  /** How the calls of threads began that others interrupted. */
  const begun = new Map<string, string>();
  let index = -1;
  for (const part of trace.split("\n")) {
    const [thread = ""] = part.split(" ", 1);
    if (part.endsWith("<unfinished ...>")) begun.set(thread, part);
    const line = part.includes("resumed>") ? `${begun.get(thread)}${part}` : part;
    if (part.includes(`"${markOf(index + 1)}"`)) index++;
    // What is only walked through gives no content.
    if (index < 0 || !/\bopen(?:at2?)?\(/.test(line) || line.includes("O_PATH")) continue;
    const path = line.match(/ = \d+<(\/.*)>$/)?.[1];
    if (path !== undefined && path !== OWN_FOLDER && !STARTS.test(path)) {
      opened.push({ index, path });
    }
  }
  return opened;
}

async function traced(folder: string, count: number, ...more: string[]) {
  const trace = `${folder}/trace.txt`;
  const { success, stdout, stderr } = await new Deno.Command("strace", {
    args: [
      ...["-f", "-y", "--seccomp-bpf", "-e", "trace=%file", "-o", trace],
      ...[Deno.execPath(), "run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`],
      ...[
        `${ROOT}tests/attacks/imports/imports_projects.ts`,
        folder,
        `${count}`,
        `${SEED}`,
        ...more,
      ],
    ],
    // It looks for a new version otherwise.
    env: { DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  const told = new TextDecoder().decode(stderr);
  assertEquals(success, true, told);
  assertEquals(told.split("\n").filter((line) => line !== "" && !line.endsWith("compiled")), []);
  const marked: Marked[] = JSON.parse(new TextDecoder().decode(stdout));
  const opened = openedIn(Deno.readTextFileSync(trace));
  const isGranted = ({ index, path }: Opened) =>
    marked[index]!.granted.some((granted) => path === granted || `${path}/`.startsWith(granted));
  return {
    compiled: told.split("\n").filter((line) => line.endsWith("compiled")).length,
    granted: opened.filter(isGranted),
    others: opened.filter((one) => !isGranted(one)),
  };
}

Deno.test({
  name: hasStrace()
    ? `seed ${SEED}: nothing is opened that ${PROJECTS} confined projects are not given`
    : "nothing is opened that confined projects are not given (skipped: strace is not installed)",
  ignore: !hasStrace(),
  async fn() {
    using folder = project();
    const { compiled, granted, others } = await traced(folder.path, PROJECTS);
    assertEquals(others, []);
    // It would be no comparison if nothing was compiled or opened.
    console.log(`${compiled} of ${2 * PROJECTS} programs compiled, ${granted.length} files opened`);
    assertEquals(compiled > 0 && granted.length > PROJECTS, true);
  },
});

Deno.test({
  name: "what programs open that are not confined is seen",
  ignore: !hasStrace(),
  async fn() {
    using folder = project();
    const { others } = await traced(folder.path, 20, "unconfined");
    assertEquals(others.some(({ path }) => path.startsWith(folder.path)), true);
  },
});
