/** `.capsule` that is exchanged for a link while Capsule writes to it: what is elsewhere stays as it was. */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { type Project, project, runOrThrow as run } from "../../support/support.ts";
import { swapping } from "./swapping.ts";
import { TraceRecorder } from "../../../telemetry/recorder.ts";
import { TraceStore } from "../../../telemetry/store.ts";
import { build } from "../../../runner/build.ts";
import { changeProject } from "../../../cache/project_folder.ts";
import { CapsuleError } from "@capsule/sdk/runner";

const FILES = ["wasm/kept", "wit/world.wit", "trace.db", "trace.db-journal", ".gitignore"];

function workspace(): Project {
  return project({
    ...Object.fromEntries(FILES.map((name) => [`outside/${name}`, `of others: ${name}`])),
    "root/capsule.toml": "",
    "root/main.ts": `import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);`,
    "root/.capsule/wasm/old": "",
  });
}

/** What lies outside, with its content. */
function outside(folder: Project): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${folder.path}/${path}`)) {
      if (isDirectory) visit(`${path}/${name}`);
      else found[`${path}/${name}`] = folder.read(`${path}/${name}`);
    }
  };
  visit("outside");
  return found;
}

/** Exchanges `.capsule` for a link to what is outside until the block ends. */
function swappingOwn(folder: Project): AsyncDisposable {
  Deno.symlinkSync("../outside", `${folder.path}/root/link`);
  return swapping(`${folder.path}/root`, [".capsule", "link"]);
}

Deno.test("files of .capsule are written, renamed and removed there alone", async () => {
  using folder = workspace();
  const before = outside(folder);
  let written = 0;
  {
    await using _ = swappingOwn(folder);
    const content = new TextEncoder().encode("own");
    const startedMs = Date.now();
    while (Date.now() - startedMs < (written > 0 ? 3000 : 30_000)) {
      for (const name of FILES) {
        try {
          changeProject(`${folder.path}/root`, { do: "write", name }, content);
          changeProject(`${folder.path}/root`, { do: "rename", name, to: `${name}.damaged` });
          changeProject(`${folder.path}/root`, { do: "remove", name });
          written++;
        } catch (error) {
          assertTrue(error instanceof CapsuleError && error.code === "file_not_found", `${error}`);
        }
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  assertEquals(outside(folder), before);
  assertTrue(written > 0, "nothing was ever written");
});

Deno.test("a trace is written to the project's own folder, or not at all", async () => {
  using folder = workspace();
  const root = `${folder.path}/root`;
  const before = outside(folder);
  let rows = 0;
  {
    await using _ = swappingOwn(folder);
    const startedMs = Date.now();
    while (Date.now() - startedMs < (rows > 0 ? 3000 : 30_000)) {
      const recorder = new TraceRecorder(
        root,
        { program: "main", startedMs: Date.now() },
        () => {},
      );
      recorder.observe({ type: "task_started", task: 1, parent: null, name: "main" });
      await recorder.finish("completed");
      try {
        const store = new TraceStore(root, () => {});
        try {
          rows = Math.max(rows, store.runs(10).length);
        } finally {
          store.close();
        }
      } catch {
        // It led elsewhere just then.
      }
    }
  }
  assertEquals(outside(folder), before);
  assertTrue(rows > 0, "nothing was ever traced");
});

Deno.test("a trace that is open does not follow its folder elsewhere", () => {
  using folder = workspace();
  const root = `${folder.path}/root`;
  const before = outside(folder);
  const row = {
    run: "a",
    program: "p",
    status: "running" as const,
    startedMs: 1,
    durationMs: null,
    labels: [],
  };
  const store = new TraceStore(root, () => {});
  store.write(row, []);
  Deno.renameSync(`${root}/.capsule`, `${root}/kept`);
  Deno.symlinkSync("../outside", `${root}/.capsule`);
  let problem: unknown;
  try {
    store.write({ ...row, run: "b" }, []);
  } catch (error) {
    problem = error;
  }
  store.close();
  assertEquals(outside(folder), before);
  assertTrue(problem instanceof Error, "it needs a journal, which would lie elsewhere");
});

Deno.test("runs and builds beside a folder that is swapped leave nothing elsewhere", async () => {
  using folder = workspace();
  const before = outside(folder);
  {
    await using _ = swappingOwn(folder);
    for (let n = 0; n < 10; n++) {
      folder.write(
        "root/main.ts",
        `import { task } from "@capsule/sdk"; task({ name: "main" }, () => ${n});`,
      );
      const envelope = await run({ file: "main.ts", cwd: `${folder.path}/root` });
      assertEquals(envelope.result, n);
      try {
        await build({ file: "main.ts", cwd: `${folder.path}/root`, thin: true });
      } catch (error) {
        assertTrue(error instanceof CapsuleError && error.code === "file_not_found", `${error}`);
      }
    }
  }
  assertEquals(outside(folder), before);
});
