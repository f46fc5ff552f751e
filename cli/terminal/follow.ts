import type { RunEvent } from "../../runner/events.ts";
import { endOutput, noteTask, progress, reportHint, warn, writeOutput } from "./report.ts";

/** Shows a run's events as they arrive. */
export function follow(
  { json, verbose }: { json: boolean; verbose: boolean },
): (event: RunEvent) => void {
  let compiling: ReturnType<typeof progress> | undefined;
  return (event) => {
    switch (event.type) {
      case "engine_compiling":
        compiling = progress(
          `Compiling the ${nameOf(event.language)} engine for this machine, once`,
        );
        break;
      case "engine_compiled":
        compiling?.done(
          `The ${nameOf(event.language)} engine is ready (${
            (event.durationMs / 1000).toFixed(1)
          } s)`,
        );
        break;
      case "cache_unavailable":
        warn(`compiled engines cannot be cached, so each run compiles them: ${event.reason}`);
        reportHint(event.hint);
        break;
      case "output":
        writeOutput(json ? { ...event, stream: "stderr" } : event);
        break;
      case "task_finished":
        endOutput(event.task);
        if (verbose) noteTask(event);
        break;
      default:
        if (verbose) noteTask(event);
    }
  };
}

function nameOf(language: string): string {
  return language === "python" ? "Python" : "JavaScript";
}
