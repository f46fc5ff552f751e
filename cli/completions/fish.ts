import {
  type CommandSpec,
  COMMON_OPTIONS,
  type Completes,
  type OptionSpec,
} from "../options/arguments.ts";

/** A script for fish. */
export function fishCompletions(commands: CommandSpec[]): string {
  return [
    "# Completions of capsule for fish, made by: capsule completions fish",
    "complete -c capsule -f",
    "complete -c capsule -n __fish_use_subcommand -s h -l help -d 'Show help'",
    "complete -c capsule -n __fish_use_subcommand -s V -l version -d 'Show the version'",
    ...commands.map(({ name, summary }) =>
      `complete -c capsule -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`
    ),
    ...commands.flatMap(ofCommand),
  ].join("\n");
}

function ofCommand({ name, options, completes }: CommandSpec): string[] {
  const command = `complete -c capsule -n '__fish_seen_subcommand_from ${name}'`;
  const lines = Object.entries({ ...options, ...COMMON_OPTIONS })
    .map(([long, option]) => `${command} ${ofOption(long, option)}`);
  // fish does not count arguments, so other files are offered too, after those with these extensions.
  if (completes) lines.push(`${command} -k ${offer(completes.first)}`);
  return lines;
}

function ofOption(long: string, { short, value, help, completes }: OptionSpec): string {
  return [
    ...short === undefined ? [] : [`-s ${short}`],
    `-l ${long}`,
    ...value === undefined ? [] : [offer(completes)],
    `-d ${quoted(help)}`,
  ].join(" ");
}

function offer(completes: Completes | undefined): string {
  if (completes === undefined) return "-x";
  if (completes === "files") return "-r -F";
  if (completes === "folders") return "-x -a '(__fish_complete_directories)'";
  if ("words" in completes) return `-x -a '${completes.words.join(" ")}'`;
  return `-x -a '(__fish_complete_suffix ${completes.endings.join(" ")})'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
