import { CapsuleError } from "../../errors/error.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";
import { bashCompletions } from "../completions/bash.ts";
import { fishCompletions } from "../completions/fish.ts";
import { zshCompletions } from "../completions/zsh.ts";
import { printLine } from "../terminal/report.ts";

const SHELLS: Record<string, (commands: CommandSpec[]) => string> = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
};
const NAMES = Object.keys(SHELLS);

export const completionsCommand: CommandSpec = {
  name: "completions",
  usage: NAMES.join("|"),
  summary: "Print a shell script that completes commands, options and files",
  details: `
Print the script again after updating Capsule. Install it with:

  capsule completions bash > ~/.local/share/bash-completion/completions/capsule
  capsule completions zsh > "\${fpath[1]}/_capsule"
  capsule completions fish > ~/.config/fish/completions/capsule.fish

Or load it for one session only: source <(capsule completions bash)`,
  options: {},
  completes: { first: { words: NAMES } },
};

/** Prints a script. Returns the exit code. */
export function completions(args: string[], commands: CommandSpec[]): number {
  const [shell, ...more] = parseArguments(args, completionsCommand).positional;
  const script = shell !== undefined && Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (script === undefined || more.length > 0) {
    const problem = shell === undefined
      ? "completions needs the name of a shell"
      : `unsupported shell ${JSON.stringify(args.join(" "))}`;
    throw new CapsuleError("invalid_argument", problem, { hint: `supported: ${NAMES.join(", ")}` });
  }
  printLine(script(commands));
  return 0;
}
