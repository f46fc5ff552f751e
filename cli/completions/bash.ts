import {
  type CommandSpec,
  COMMON_OPTIONS,
  type Completes,
  type OptionSpec,
} from "../options/arguments.ts";

/** A script for bash, including version 3.2 of macOS. */
export function bashCompletions(commands: CommandSpec[]): string {
  return `# Completions of capsule for bash, made by: capsule completions bash
_capsule_words() {
  COMPREPLY=($(compgen -W "$1" -- "$current"))
}
# Folders, and files whose path matches the pattern $1.
_capsule_files() {
  compopt -o filenames 2>/dev/null
  local path
  while IFS= read -r path; do
    if [[ -d $path || $path =~ $1 ]]; then COMPREPLY+=("$path"); fi
  done < <(compgen -f -- "$current")
}
# Sets count: the arguments before the one to complete. $1: the options that take a value.
_capsule_count() {
  local index word
  count=0
  for ((index = 2; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ " $1 " == *" $word "* ]]; then
      ((index++))
      [[ \${COMP_WORDS[index]} == = ]] && ((index++))
    elif [[ $word == -- || $word != -* ]]; then
      ((count++))
    fi
  done
}
_capsule() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} count
  COMPREPLY=()
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    _capsule_words "${commands.map(({ name }) => name).join(" ")} --help --version"
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.map(ofCommand).join("\n")}
  esac
}
complete -F _capsule capsule`;
}

function ofCommand({ name, options, completes }: CommandSpec): string {
  const all = Object.entries({ ...options, ...COMMON_OPTIONS });
  const valued = all.filter(([, { value }]) => value !== undefined);
  const offers = valued.map((option) =>
    `        ${names(option).join("|")}) ${ofValue(option)}; return ;;`
  );
  return `    ${name})
      case $before in
${offers.length > 0 ? offers.join("\n") : "        --) ;;"}
      esac
      if [[ $current == -* ]]; then
        _capsule_words "${all.map(([long]) => `--${long}`).join(" ")}"
        return
      fi
      _capsule_count "${valued.flatMap(names).join(" ")}"
      if ((count == 0)); then
        ${offer(completes?.first)}
      else
        ${offer(completes?.others)}
      fi
      ;;`;
}

function names([long, { short }]: [string, OptionSpec]): string[] {
  return short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`];
}

function ofValue([, { completes }]: [string, OptionSpec]): string {
  return offer(completes);
}

function offer(completes: Completes | undefined): string {
  if (completes === undefined) return ":";
  if (completes === "files") return "_capsule_files .";
  if (completes === "folders") return "_capsule_files ^$";
  if ("words" in completes) return `_capsule_words "${completes.words.join(" ")}"`;
  const endings = completes.endings.map((ending) => ending.slice(1)).join("|");
  return `_capsule_files '\\.(${endings})$'`;
}
