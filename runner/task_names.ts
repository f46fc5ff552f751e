import type { Program } from "../compiler/program.ts";
import { CapsuleError } from "../errors.ts";

/**
 * Whether a program has a task.
 *
 * @throws {CapsuleError} `task_not_found`, naming those that it has.
 */
export function checkTask({ name, language }: Program, tasks: Set<string>, task: string): void {
  if (tasks.has(task)) return;
  const found = tasks.size === 0
    ? "it declares no task"
    : `its tasks are: ${[...tasks].join(", ")}`;
  const example = language === "javascript"
    ? `export const ${task} = task({ name: "${task}" }, () => …)`
    : `@task(name="${task}")`;
  throw new CapsuleError("task_not_found", `${name}: there is no task "${task}"; ${found}`, {
    hint: `declare one: ${example}`,
  });
}
