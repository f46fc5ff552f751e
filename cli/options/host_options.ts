/** The command-line options that set access, limits and other options of a run. */
import type { RunOptions } from "../../runner/options/options.ts";
import { userConfigFile } from "../../runner/config/user_folder.ts";
import type { Arguments, OptionSpec } from "./arguments.ts";
import type { HostOption } from "./host_values.ts";

export const HOST_OPTIONS: Record<string, OptionSpec> = {
  "allow-hosts": {
    value: "HOSTS",
    repeated: true,
    help: "Grant these hosts to all tasks: a.com,*.b.com",
  },
  "allow-files": {
    value: "DIRS",
    completes: "folders",
    repeated: true,
    help: "Grant these folders to all tasks: ./data:ro,./out,/srv/17::in:ro",
  },
  "allow-env": {
    value: "NAMES",
    repeated: true,
    help: "Grant these environment variables to all tasks",
  },
  "allow-declared": { help: "Grant what tasks declare, like --policy declared" },
  secret: {
    value: "NAME=HOSTS",
    repeated: true,
    help: "Put a variable's value into request headers for HOSTS; tasks never see it",
  },
  policy: {
    value: "POLICY",
    completes: { words: ["declared", "none"] },
    help: "declared: grant what tasks declare (default for source files); none: do not",
  },
  compute: {
    value: "FUEL",
    completes: { words: ["LOW", "MEDIUM", "HIGH"] },
    help: "CPU limit for each task: LOW, MEDIUM, HIGH or units of fuel",
  },
  ram: { value: "SIZE", help: "Memory limit for each task: 512MB" },
  timeout: { value: "TIME", help: "Time limit for each task: 500ms, 30s" },
  stdin: {
    value: "FILE",
    completes: "files",
    help: "Standard input of the task: a file, or - for this command's own",
  },
  seed: {
    value: "NUMBER",
    help: "Make random numbers repeatable: the same seed gives the same numbers",
  },
  now: { value: "TIME", help: "Start the clocks of tasks at this time: 2026-01-31T12:00:00Z" },
  label: {
    value: "TEXT",
    repeated: true,
    help: "Keep a label with the run; capsule list shows it",
  },
};

/**
 * The run options that {@link HOST_OPTIONS} set. Their parser is loaded only if one of them is given.
 *
 * @throws {CapsuleError} `invalid_argument`, `file_not_found`.
 */
export async function hostOptionsOf(
  parsed: Arguments,
  cwd: string,
): Promise<Pick<RunOptions, HostOption>> {
  const names = Object.keys(HOST_OPTIONS);
  const isGiven = names.some((name) => parsed.values.has(name) || parsed.flags.has(name));
  if (!isGiven && userConfigFile() === undefined) return {};
  const { readHostOptions } = await import("./host_values.ts");
  return await readHostOptions(parsed, cwd);
}
