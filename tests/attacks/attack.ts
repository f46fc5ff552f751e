/** Runs a program that attacks, and looks at what it left of everything around it. */
import type { Envelope } from "../../sdk/envelope.ts";
import { TraceRecorder } from "../../telemetry/recorder.ts";
import { TraceStore } from "../../telemetry/store.ts";
import { assertEquals } from "../support/assert.ts";
import { childrenOf } from "../support/processes.ts";
import { type Project, project } from "../support/support.ts";
import { open, type ProgramSettings } from "@capsule/sdk/runner";

export const LANGUAGES = ["typescript", "python"] as const;
export type Language = (typeof LANGUAGES)[number];

/** A hostile program, and what it is given: all that it declares, by default. */
export interface Attack extends Pick<ProgramSettings, "mounts" | "env" | "policy" | "signal"> {
  language: Language;
  /** Declares tasks; `main` is called. */
  code: string;
  args?: unknown[];
  /** Compared before and after. A new one by default. */
  folder?: Project;
  /** The project's root, inside of the folder: itself by default. */
  root?: string;
  /** What may change: folders, relative to `folder`. */
  writable?: string[];
}

/** The task that is called after `main`, in the same program. */
const NEXT: Record<Language, string> = {
  typescript: '\ntask({ name: "next" }, () => "served");',
  python: '\n@task(name="next")\ndef next_task(): return "served"',
};
const PEACEFUL: Record<Language, string> = {
  typescript: 'import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);',
  python: "from capsule import task\n@task\ndef main(): return 1",
};
/** How long what ends by itself may take to. */
const PATIENCE_MS = 3000;
const warm = new Set<Language>();

/**
 * Calls `main` of the program. Afterwards the next task is served, the trace has one ended row of each
 * attempt, no thread works any more, no descriptor is left, and nothing has changed that may not.
 *
 * @throws What the host refuses, once the same is checked.
 */
export async function attack(options: Attack): Promise<Envelope> {
  const { language } = options;
  if (!warm.has(language)) {
    // What a process opens once is no remainder.
    using folder = project();
    await perform({ language, code: PEACEFUL[language] }, folder);
    warm.add(language);
  }
  using own = options.folder === undefined ? project() : undefined;
  const folder = options.folder ?? own!;
  const before = { files: snapshot(folder.path, options.writable), descriptors: descriptors() };
  try {
    return await perform(options, folder);
  } finally {
    assertEquals(snapshot(folder.path, options.writable), before.files, "files have changed");
    await settled(() => added(before.descriptors), "descriptors are left");
    await settled(working, "threads still work");
  }
}

async function perform(options: Attack, folder: Project): Promise<Envelope> {
  const { language, code, args = [], root, mounts = [], env = {}, signal } = options;
  const { policy = "declared" } = options;
  const cwd = root === undefined ? folder.path : `${folder.path}/${root}`;
  const warnings: string[] = [];
  const recorder = new TraceRecorder(
    cwd,
    { program: "attack", startedMs: Date.now() },
    (message) => warnings.push(message),
  );
  let attempts = 0;
  const onEvent: ProgramSettings["onEvent"] = (event) => {
    recorder.observe(event);
    if (event.type === "task_started" || event.type === "task_retried") attempts++;
  };
  let envelope: Envelope;
  try {
    await using program = await open({
      code: code + NEXT[language],
      language,
      cwd,
      mounts,
      env,
      policy,
      onEvent,
    });
    envelope = await program.call("main", args, { onEvent, ...(signal && { signal }) });
    const next = await program.call("next");
    assertEquals(next.result, "served", `the next task: ${next.error?.message}`);
  } finally {
    await recorder.finish("completed");
  }
  assertEquals(warnings, []);
  const store = new TraceStore(cwd, (message) => warnings.push(message));
  try {
    const [run] = store.runs(1);
    const rows = store.attempts(run!.run);
    const running = rows.filter(({ status }) => status === "running");
    assertEquals([rows.length, running], [attempts, []], "rows of the trace");
    const [last] = rows.filter(({ parent }) => parent === null).slice(-1);
    assertEquals(last?.status === "completed", envelope.success, "how main ended in the trace");
  } finally {
    store.close();
  }
  return envelope;
}

/** What lies in a folder: of everything its kind, rights, times and content. */
function snapshot(root: string, writable: string[] = []): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string) => {
    for (const { name } of Deno.readDirSync(`${root}/${path}`)) {
      const inner = path + name;
      // The trace is Capsule's own.
      if (name === ".capsule" || writable.includes(inner)) continue;
      const { isFile, isDirectory, isSymlink, mode, size, mtime, nlink } = Deno.lstatSync(
        `${root}/${inner}`,
      );
      const of = `${root}/${inner}`;
      const content = isFile ? Deno.readTextFileSync(of) : isSymlink ? Deno.readLinkSync(of) : "";
      found[inner] = JSON.stringify([mode, isDirectory || [size, mtime, nlink], content]);
      if (isDirectory) visit(`${inner}/`);
    }
  };
  visit("");
  return found;
}

/** What the descriptors of this process lead to, without what is kept for the next one who asks. */
function descriptors(): string[] {
  const bundler = descriptorsOfBundler();
  // A slot of memory keeps the image that it was used for last; Deno has caches of its own.
  return descriptorsOf("self").filter((target) =>
    !/^\/memfd:capsule-image|_cache_v2/.test(target) && !bundler.has(target)
  );
}

/** esbuild stays for a while: this process has the other ends of its pipes, and one that tells of its end. */
function descriptorsOfBundler(): Set<string> {
  const found = childrenOf(Deno.pid).filter((id) => {
    try {
      return Deno.readTextFileSync(`/proc/${id}/cmdline`).includes("--service=");
    } catch {
      return false;
    }
  });
  return new Set(found.flatMap((id) => ["anon_inode:[pidfd]", ...descriptorsOf(`${id}`)]));
}

function descriptorsOf(process: string): string[] {
  const targets: string[] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${process}/fd`)) {
      try {
        targets.push(Deno.readLinkSync(`/proc/${process}/fd/${name}`));
      } catch {
        // The one that reads the folder.
      }
    }
  } catch {
    // It has ended.
  }
  return targets;
}

/** The descriptors that were not there before. */
function added(before: string[]): string[] {
  const known = [...before];
  return descriptors().filter((target) => {
    const at = known.indexOf(target);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}

/**
 * Threads of the native library that do something, and what. Those that wait for work stay for a while;
 * in `/proc/self/task`, one of them waits on a futex or for events.
 */
function working(): string[] {
  const found: string[] = [];
  for (const { name: id } of Deno.readDirSync("/proc/self/task")) {
    try {
      const [name, place] = ["comm", "wchan"].map((file) =>
        Deno.readTextFileSync(`/proc/self/task/${id}/${file}`).trim()
      );
      if (name!.startsWith("capsule") && !/futex|poll/.test(place!)) {
        found.push(`${name} (${place})`);
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

async function settled(left: () => string[], problem: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  // Looked at once each time: what recycles memory opens a descriptor for a moment, now and then.
  let found = left();
  while (found.length > 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    found = left();
  }
  assertEquals(found, [], problem);
}
