/** `capsule run --watch`: runs a program again whenever one of its files changes. */
import { compile } from "../compiler/compile.ts";
import { fileSource } from "../compiler/program.ts";
import { platform } from "../platform/mod.ts";
import { basename, dirname, resolve } from "../platform/path.ts";
import { projectRoot, statOf } from "../runner/config/project.ts";
import { INTERRUPTED } from "./interrupts.ts";
import { noteLine, reportError } from "./terminal/report.ts";
import { styled } from "./terminal/style.ts";
import { visibleLine } from "./terminal/visible.ts";

/** How often files are checked. */
const POLL_MS = 100;

/**
 * Runs a program again after each change, until SIGINT or SIGTERM. Returns the exit code.
 *
 * @param file The path as given on the command line.
 * @param isConfined Whether the program may only import files of its own folder, as under policy `"none"`.
 * @param run Runs the program once; its signal aborts when a file has changed.
 */
export async function watch(
  { file, cwd, isConfined }: { file: string; cwd: string; isConfined: boolean },
  run: (superseded: AbortSignal) => Promise<number>,
): Promise<number> {
  const path = resolve(cwd, file);
  let inputs = [path];
  // Also needed between runs: once a process has had a listener, the signal no longer ends it.
  const interrupted = new Promise<undefined>((resolve) => {
    platform.onSignal("SIGINT", () => resolve(undefined));
    platform.onSignal("SIGTERM", () => resolve(undefined));
  });
  while (true) {
    // Stamps are taken before the run reads the files, so that no later change is missed.
    inputs = await inputsOf(path, cwd, isConfined, inputs);
    const changed = changeOf(inputs, inputs.map((path) => statOf(path)?.stamp));
    const controller = new AbortController();
    const running = run(controller.signal).catch(reportError);
    void running.then(() => {
      if (controller.signal.aborted) return;
      noteLine(styled("dim", `watching ${inputs.length} paths; press Ctrl-C to stop`));
    });
    const name = await Promise.race([changed, interrupted]);
    controller.abort();
    await running;
    if (name === undefined) return INTERRUPTED;
    noteLine(styled("dim", `${visibleLine(basename(name))} changed`));
  }
}

/** The files that the program was compiled from, and missing ones that would change it if they existed. */
async function inputsOf(
  file: string,
  cwd: string,
  isConfined: boolean,
  before: string[],
): Promise<string[]> {
  try {
    const root = isConfined ? dirname(file) : projectRoot(file, cwd);
    return (await compile(fileSource(file, { root, isConfined }))).inputs;
  } catch {
    // The run reports the error.
    return before;
  }
}

async function changeOf(paths: string[], before: (string | undefined)[]): Promise<string> {
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const index = paths.findIndex((path, index) => statOf(path)?.stamp !== before[index]);
    if (index >= 0) return paths[index]!;
  }
}
