import {
  type CommandSpec,
  COMMON_OPTIONS,
  type Completes,
  type OptionSpec,
} from "../options/arguments.ts";

/** A script for zsh, to be put into `fpath` or to be sourced. */
export function zshCompletions(commands: CommandSpec[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  return `#compdef capsule
# Completions of capsule for zsh, made by: capsule completions zsh
_capsule() {
  local curcontext=$curcontext state line
  local -a commands=(
${described.join("\n")}
  )
  _arguments -C \\
    '(- : *)'{-h,--help}'[Show help]' \\
    '(- : *)'{-V,--version}'[Show the version]' \\
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${commands.map(ofCommand).join("\n")}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _capsule ]]; then
  _capsule "$@"
else
  compdef _capsule capsule
fi`;
}

function ofCommand({ name, options, completes }: CommandSpec): string {
  const lines = Object.entries({ ...options, ...COMMON_OPTIONS }).map(ofOption);
  if (completes) lines.push(quoted(`1:argument:${offer(completes.first)}`));
  if (completes?.others) lines.push(quoted(`*:argument:${offer(completes.others)}`));
  return [
    `        ${name}) _arguments \\`,
    lines.map((line) => `          ${line}`).join(" \\\n"),
    "          ;;",
  ]
    .join("\n");
}

function ofOption(
  [long, { short, value, help, repeated, completes }]: [string, OptionSpec],
): string {
  const rest = `${value === undefined ? "" : "="}[${escaped(help)}]` +
    (value === undefined ? "" : `:${value}:${offer(completes)}`);
  const all = repeated ? "*" : "";
  if (short === undefined) return quoted(`${all}--${long}${rest}`);
  const other = quoted(`(-${short} --${long})`);
  return `${other}{-${short}${value === undefined ? "" : "+"},--${long}}${
    quoted(rest.replace(/^=/, ""))
  }`;
}

function offer(completes: Completes | undefined): string {
  if (completes === undefined) return " ";
  if (completes === "files") return "_files";
  if (completes === "folders") return "_files -/";
  if ("words" in completes) return `(${completes.words.join(" ")})`;
  // Not `*(.a|.b)` or `*.(a)`: zsh would read these parentheses as glob qualifiers.
  const endings = completes.endings.map((ending) => ending.slice(1));
  return `_files -g "*.${endings.length === 1 ? endings[0] : `(${endings.join("|")})`}"`;
}

/** Escapes help for an argument of `_arguments`. */
function escaped(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
