/** What a program finds of the process that it is. */
import { Operation } from "../operations.ts";
import { define } from "./define.ts";

const env: Record<string, string> = Object.create(null);

const process = {
  env,
  /** Ends the task: its result is null for 0, else it has failed. */
  exit(code: unknown = 0): never {
    new Operation("exit", JSON.stringify(Number(code)));
    throw new Error("a task that has ended goes on");
  },
};

/** Shows the task the variables that it was given. */
export function giveEnvironment(variables: Record<string, string>): void {
  Object.assign(env, variables);
}

define({ process });
