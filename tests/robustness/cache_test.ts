/** The user's cache in the places where it may be, and may not. */
import { assertEquals, assertMatch, assertStringIncludes, assertTrue } from "../support/assert.ts";
import { warmEngines } from "../support/support.ts";
import {
  canMakeMachines,
  Machine,
  OTHER_USER,
  type Outcome,
  PROGRAMS,
  type Surroundings,
} from "./machine.ts";

const ignore = !canMakeMachines();
if (!ignore) await warmEngines();

const COMPILING = /^Compiling the \w+ engine/m;

function test(name: string, fn: (machine: Machine) => Promise<void>): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      using machine = new Machine();
      await fn(machine);
    },
  });
}

/** What both programs give, silently. */
async function assertSilent(machine: Machine, surroundings: Surroundings): Promise<void> {
  for (const [file, stdout] of PROGRAMS) {
    assertEquals(await machine.run(file, surroundings), { status: 0, stdout, stderr: "" });
  }
}

/** Both programs run from engines that are compiled for this process alone, with one warning that says why. */
async function assertInMemory(
  machine: Machine,
  surroundings: Surroundings,
  reason: string | RegExp,
): Promise<void> {
  for (const [file, stdout] of PROGRAMS) {
    const outcome = await machine.run(file, surroundings);
    assertEquals([outcome.status, outcome.stdout], [0, stdout], outcome.stderr);
    assertMatch(outcome.stderr, COMPILING);
    assertEquals(outcome.stderr.match(/^warning:/gm)?.length, 1, outcome.stderr);
    assertMatch(outcome.stderr, /^hint: set CAPSULE_CACHE_DIR/m);
    const [, warning] = outcome.stderr.match(/^warning: (.*)$/m)!;
    if (typeof reason === "string") assertStringIncludes(warning!, reason);
    else assertMatch(warning!, reason);
  }
}

function assertRefused({ status, stdout, stderr }: Outcome, reason: string): void {
  assertEquals([status, stdout], [2, ""], stderr);
  assertStringIncludes(stderr, reason);
  assertMatch(stderr, /^hint: set CAPSULE_CACHE_DIR/m);
  assertTrue(!COMPILING.test(stderr) && !stderr.includes("fault of Capsule"), stderr);
}

function list(folder: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const { mtime, ino } = Deno.lstatSync(`${folder}/${name}`);
    found.push(`${name} ${ino} ${isDirectory || mtime?.getTime()}`);
    if (isDirectory) found.push(...list(`${folder}/${name}`).map((inner) => `${name}/${inner}`));
  }
  return found.sort();
}

test("a warm cache of root is used by another user, and never written", async (machine) => {
  const warm = `${machine.path}/warm`;
  const before = list(warm);
  const env = { CAPSULE_CACHE_DIR: warm };
  await assertSilent(machine, { env, user: OTHER_USER });
  // The second run finds what the first one kept in the project.
  await assertSilent(machine, { env, user: OTHER_USER });
  assertEquals(list(warm), before);
});

test("a warm cache on a read-only disk is used, by root and others", async (machine) => {
  const setup = "mount --bind warm warm; mount -o remount,bind,ro warm";
  const env = { CAPSULE_CACHE_DIR: `${machine.path}/warm` };
  await assertSilent(machine, { env, setup, user: OTHER_USER });
  await assertSilent(machine, { env, setup });
});

test("all of the disk is read-only: a warm cache suffices, without a home", async (machine) => {
  const setup = "mount --rbind . .; mount -o remount,bind,ro .; mount -o remount,bind,ro /";
  const env = { CAPSULE_CACHE_DIR: `${machine.path}/warm` };
  for (const [file, stdout] of PROGRAMS) {
    const outcome = await machine.run(file, { env, setup, user: OTHER_USER });
    assertTrue(!COMPILING.test(outcome.stderr), outcome.stderr);
    if (outcome.status === 2) assertMatch(outcome.stderr, /temporary files\nhint: set TMPDIR/);
    else assertEquals([outcome.status, outcome.stdout], [0, stdout], outcome.stderr);
  }
});

test("a damaged file on a read-only disk is not used", async (machine) => {
  // There may be those of earlier versions.
  const names = Array.from(Deno.readDirSync(`${machine.path}/warm`), ({ name }) => name)
    .filter((name) => /^javascript.*\.cwasm$/.test(name));
  for (const name of names) {
    const path = `${machine.path}/warm/${name}`;
    const code = Deno.readFileSync(path);
    code[code.length >> 1]! ^= 1;
    Deno.writeFileSync(path, code);
  }
  const outcome = await machine.run("hello.ts", {
    env: { CAPSULE_CACHE_DIR: `${machine.path}/warm` },
    setup: "mount --bind warm warm; mount -o remount,bind,ro warm",
  });
  assertEquals([outcome.status, outcome.stdout], [0, PROGRAMS[0]![1]]);
  assertMatch(outcome.stderr, COMPILING);
  assertStringIncludes(outcome.stderr, "Read-only file system");
});

test("from a disk that forbids to execute, machine code is read", async (machine) => {
  const setup = `cp -a warm home/warm; mount -t tmpfs -o noexec,mode=755 tmpfs warm
    cp -a home/warm/. warm; rm -r home/warm`;
  await assertSilent(machine, { env: { CAPSULE_CACHE_DIR: `${machine.path}/warm` }, setup });
});

test("without HOME, engines are compiled for the process", async (machine) => {
  await assertInMemory(machine, { user: OTHER_USER }, "HOME is not set");
});

test("a relative HOME is none: each folder would have its own cache", async (machine) => {
  Deno.mkdirSync(`${machine.path}/project/.cache/capsule`, { recursive: true, mode: 0o700 });
  const outcome = await machine.run("hello.ts", { env: { HOME: ".", XDG_CACHE_HOME: "x" } });
  assertEquals([outcome.status, outcome.stdout], [0, PROGRAMS[0]![1]], outcome.stderr);
  assertStringIncludes(outcome.stderr, "warning: ");
  assertEquals(list(`${machine.path}/project/.cache/capsule`), []);
});

test("with a HOME that is read-only, engines are compiled for the process", async (machine) => {
  const setup = "mount --bind home home; mount -o remount,bind,ro home";
  const env = { HOME: `${machine.path}/home` };
  await assertInMemory(machine, { env, setup, user: OTHER_USER }, /Read-only file system/i);
});

test("with the HOME of another user, engines are compiled for the process", async (machine) => {
  Deno.mkdirSync(`${machine.path}/root`, { mode: 0o700 });
  const env = { HOME: `${machine.path}/root` };
  await assertInMemory(machine, { env, user: OTHER_USER }, /Permission denied/i);
  // Root may write there, and still does not trust what the owner can exchange.
  const outcome = await machine.run("hello.ts", { env: { HOME: `${machine.path}/home` } });
  assertEquals([outcome.status, outcome.stdout], [0, PROGRAMS[0]![1]]);
  assertStringIncludes(outcome.stderr, "other users can replace it");
});

test("a cache in HOME that others can write to is not read", async (machine) => {
  const cache = `${machine.path}/home/.cache/capsule`;
  const setup = `mkdir -p ${cache}; cp -a warm/. ${cache}; chown -R 0:0 home; chmod 777 ${cache}`;
  const env = { HOME: `${machine.path}/home` };
  await assertInMemory(machine, { env, setup }, "other users can write to it (mode 777)");
});

test("a full disk costs what is kept, and nothing half-written is left", async (machine) => {
  const cache = `${machine.path}/cache`;
  Deno.mkdirSync(cache, { mode: 0o700 });
  const setup = `mount -t tmpfs -o size=2m,mode=700 tmpfs cache`;
  const env = { CAPSULE_CACHE_DIR: cache };
  await assertInMemory(machine, { env, setup }, "No space left on device");
  await machine.run("hello.ts", {
    env,
    setup: `${setup}
      (cd project; "$@" > /dev/null 2>&1)
      find cache -maxdepth 1 -type f > project/left`,
  });
  assertEquals(Deno.readTextFileSync(`${machine.path}/project/left`), "");
});

test("a limit of the size of files costs what is kept, and no process", async (machine) => {
  // In blocks of 512 bytes: 4 MiB.
  const limits = "-f 8192";
  const warm = { CAPSULE_CACHE_DIR: `${machine.path}/warm` };
  await assertSilent(machine, { env: warm, limits });
  const cold = { CAPSULE_CACHE_DIR: `${machine.path}/cache` };
  const outcome = await machine.run("hello.ts", { env: cold, limits });
  assertStringIncludes(outcome.stderr, "ulimit -f");
  // Memory that is shared is a file, too.
  if (outcome.status !== 2) assertEquals([outcome.status, outcome.stdout], [0, PROGRAMS[0]![1]]);
});

const REFUSED: Record<string, { value?: string; setup?: string; reason: string }> = {
  "that is relative": { value: "warm", reason: "it is not an absolute path" },
  "that others can write to": { setup: "chmod 777 cache", reason: "other users can write to it" },
  "that its group can write to": {
    setup: "chmod 770 cache",
    reason: "other users can write to it",
  },
  "of another user": { setup: `chown ${OTHER_USER} cache`, reason: "it belongs to another user" },
  "that is a file": { setup: "rmdir cache; touch cache", reason: "it is not a folder" },
  "that is a link": { setup: "mv cache real; ln -s real cache", reason: "it is a symbolic link" },
  "that is a link to nothing": { setup: "rmdir cache; ln -s none cache", reason: "cache" },
  "that another user made where all may": {
    setup: `rmdir cache; mkdir -m 1777 tmp; setpriv --reuid=${OTHER_USER} mkdir tmp/c; mkdir tmp/x`,
    value: "tmp/c",
    reason: "it belongs to another user",
  },
  "that another user made a link where all may": {
    setup: `mkdir -m 1777 tmp; setpriv --reuid=${OTHER_USER} ln -s ../cache tmp/c`,
    value: "tmp/c",
    reason: "it is a symbolic link",
  },
  "in a folder where other users can replace it": {
    setup: "mkdir -m 777 tmp; mkdir -m 700 tmp/c; chmod 777 tmp",
    value: "tmp/c",
    reason: "other users can replace it",
  },
  "in a folder of another user": {
    setup: `mkdir -p tmp/a/b; chmod 755 tmp/a/b; chown ${OTHER_USER} tmp/a`,
    value: "tmp/a/b",
    reason: "other users can replace it",
  },
};

for (const [which, { value = "cache", setup = "", reason }] of Object.entries(REFUSED)) {
  test(`a CAPSULE_CACHE_DIR ${which} is refused`, async (machine) => {
    Deno.mkdirSync(`${machine.path}/cache`, { mode: 0o700 });
    const isRelative = which === "that is relative";
    const env = { CAPSULE_CACHE_DIR: isRelative ? value : `${machine.path}/${value}` };
    const outcome = await machine.run("hello.ts", { env, setup });
    if (which === "that is a link to nothing") {
      assertTrue(outcome.status === 2 || outcome.stderr.includes("warning:"), outcome.stderr);
      assertStringIncludes(outcome.stderr, reason);
    } else assertRefused(outcome, reason);
  });
}

test("an empty CAPSULE_CACHE_DIR is as good as none", async (machine) => {
  const setup = "chown 0:0 home; mkdir -p home/.cache; cp -a warm home/.cache/capsule";
  const env = { CAPSULE_CACHE_DIR: "", HOME: `${machine.path}/home` };
  await assertSilent(machine, { env, setup });
});
