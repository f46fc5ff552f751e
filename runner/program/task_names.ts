import type { Program } from "../../compiler/program.ts";
import { CapsuleError } from "../../errors/error.ts";
import { clipped, shown } from "../../errors/shown.ts";
import { similar } from "../../errors/similar.ts";

/**
 * The name of a task that a host has given.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function taskName(task: unknown): string {
  if (typeof task === "string") return task;
  throw new CapsuleError("invalid_argument", undefined, {
    option: "task",
    value: shown(task),
    expected: "a string",
  });
}

/**
 * Whether a program has a task.
 *
 * @throws {CapsuleError} `task_not_found`, naming those that it has.
 */
export function checkTask({ name, language }: Program, tasks: Set<string>, task: string): void {
  if (tasks.has(taskName(task))) return;
  const short = clipped(task);
  const found = tasks.size === 0 ? "it declares no task" : `its tasks are: ${namesOf(tasks)}`;
  const example = language === "javascript"
    ? `export const ${short} = task({ name: "${short}" }, () => …)`
    : `@task(name="${short}")`;
  const meant = similar(task, tasks);
  throw new CapsuleError("task_not_found", `there is no task "${short}"; ${found}`, {
    file: name,
    hint: meant === undefined ? `declare one: ${example}` : `did you mean "${meant}"?`,
  });
}

function namesOf(tasks: Set<string>): string {
  const names = [...tasks].slice(0, NAMES_AT_MOST).join(", ");
  return tasks.size > NAMES_AT_MOST ? `${names} and ${tasks.size - NAMES_AT_MOST} more` : names;
}

const NAMES_AT_MOST = 20;
