/** Grants of what Capsule itself runs or keeps: a guest would decide what the host runs next. */
import { ROOMS } from "../../../scripts/common.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { cli, type Project, project, ROOT, runOrThrow as run } from "../../support/support.ts";
import { CapsuleError, type RunSettings } from "@capsule/sdk/runner";

const PROGRAM = "def main(): return 1";

/** A project that is the home folder, with caches in it. */
function home(): Project {
  return project({
    "capsule.toml": "",
    ".cache/other/a": "",
    "caches/mine/capsule/images/a": "",
    "caches/mine/capsule/tmp/b": "",
    "caches/free/a": "",
  });
}

/** Puts variables of this process in place until the block ends. */
function environment(values: Record<string, string | undefined>): Disposable {
  const before = Object.keys(values).map((name) => [name, Deno.env.get(name)] as const);
  const set = (entries: (readonly [string, string | undefined])[]) => {
    for (const [name, value] of entries) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  };
  set(Object.entries(values));
  return { [Symbol.dispose]: () => set(before) };
}

function mounted(cwd: string, mount: string) {
  return run({ code: PROGRAM, language: "python", cwd, mounts: [mount] });
}

async function assertRefused(cwd: string, mount: string, problem: string): Promise<void> {
  const error = await assertRejects(() => mounted(cwd, mount), CapsuleError, problem);
  assertEquals(error.code, "mount_denied", mount);
  assertStringIncludes(error.hint ?? "", "grant");
}

Deno.test("no grant overlaps a cache, wherever it is and in whichever mode", async () => {
  using folder = home();
  // Its own cache stays: this is where others of this user may be.
  using _ = environment({ HOME: folder.path, XDG_CACHE_HOME: `${folder.path}/caches/mine` });
  for (const mode of ["ro", "rw"]) {
    await assertRefused(folder.path, `.cache:${mode}`, "holds Capsule's cache");
    await assertRefused(folder.path, `caches:${mode}`, "holds Capsule's cache");
    await assertRefused(folder.path, `caches/mine:${mode}`, "holds Capsule's cache");
    for (const path of ["capsule", "capsule/images", "capsule/tmp"]) {
      const mount = `caches/mine/${path}:${mode}`;
      const error = await assertRejects(() => mounted(folder.path, mount), CapsuleError);
      assertStringIncludes(error.message, "lies in Capsule's cache");
      assertStringIncludes(error.hint!, "CAPSULE_CACHE_DIR");
    }
    assertEquals((await mounted(folder.path, `caches/free:${mode}`)).result, 1);
    assertEquals((await mounted(folder.path, `.cache/other:${mode}`)).result, 1);
  }
  await assertRefused(folder.path, ".:ro", "holds Capsule's cache");
  // By another name.
  Deno.symlinkSync("caches/mine", `${folder.path}/link`);
  await assertRefused(folder.path, "link:ro", "holds Capsule's cache");
});

Deno.test("declared folders and those that the host grants are refused, too", async () => {
  using folder = home();
  using _ = environment({ HOME: folder.path });
  const code = `import { task } from "@capsule/sdk";
    task({ name: "main", allowedFiles: [{ path: ".", mode: "ro" }] }, () => 1);`;
  const call = (more: Partial<RunSettings>) =>
    run({ code, language: "typescript", cwd: folder.path, ...more });
  const granted = (path: string) =>
    call({ policy: "none", grants: { allowedFiles: [{ path, mode: "ro" }] } });
  const attempts = [
    [() => call({ policy: "declared" }), "invalid_program"],
    [() => granted("."), "invalid_argument"],
    [() => granted(".cache"), "invalid_argument"],
    [() => granted(folder.path), "invalid_argument"],
    [() => granted("/"), "invalid_argument"],
  ] as const;
  for (const [attempt, code] of attempts) {
    const error = await assertRejects(attempt, CapsuleError, "holds Capsule's cache");
    assertEquals(error.code, code);
    assertStringIncludes(`${error.message} ${error.hint}`, "CAPSULE_CACHE_DIR");
  }
  assertEquals((await granted("caches")).result, 1);
});

Deno.test("a cache that a project chose by CAPSULE_CACHE_DIR is not granted by the command", async () => {
  using folder = home();
  // Its engine is compiled sooner than Python's.
  folder.write(
    "main.ts",
    `import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);`,
  );
  const env = { HOME: "/nonexistent", CAPSULE_CACHE_DIR: `${folder.path}/caches/mine` };
  for (const mount of ["caches", "caches/mine:ro"]) {
    const { status, stderr } = await cli(["run", "main.ts", "--mount", mount], {
      cwd: folder.path,
      env,
    });
    assertEquals(status, 2);
    assertStringIncludes(stderr, "Capsule's cache");
    assertStringIncludes(stderr, "hint: ");
  }
});

Deno.test("what Capsule runs is not granted to be written", async () => {
  for (const path of ["build", "build/native", "node_modules", "ffi/native/src", ...ROOMS]) {
    const error = await assertRejects(() => mounted(ROOT, path), CapsuleError);
    assertEquals(error.code, "mount_denied", path);
    assertStringIncludes(error.message, "Capsule's");
  }
  for (const path of ["compiler:ro", "node_modules:ro", "tests", "examples"]) {
    assertEquals((await mounted(ROOT, path)).result, 1, path);
  }
});
