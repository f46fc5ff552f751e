/** The tasks of the program that is loaded, and calls from one to another. */
import type { Envelope } from "../../sdk/envelope.ts";
import type { Dispatcher, TaskOptions } from "../../sdk/task.ts";
import { Operation, refusal } from "./operations.ts";
import { serialize } from "./serialize.ts";

type Function = (...args: unknown[]) => unknown;

/** A task, as the host learns of it. */
interface Declaration {
  name: string;
  options: unknown;
}

const functions = new Map<string, Function>();
const declarations: Declaration[] = [];

/** The tasks that were declared, in their order. Two of one name are both there. */
export function declared(): Declaration[] {
  return declarations;
}

/** The function of a task. */
export function functionOf(name: string): Function {
  const fn = functions.get(name);
  if (fn === undefined) throw new ReferenceError(`there is no task "${name}"`);
  return fn;
}

/** Calls from inside a sandbox: each is a sub-task in another one. */
export const dispatcher: Dispatcher = {
  declare(options, fn) {
    declarations.push({ name: options.name, options: describe(options) });
    functions.set(options.name, fn as Function);
  },

  call<R>(name: string, args: unknown[]) {
    const input = `{"args":${serialize(args, "arguments")}}`;
    const operation = new Operation("call", `{"task":${JSON.stringify(name)},"input":${input}}`);
    let envelope: Envelope<R> | undefined;
    const parse = (outcome: { json: string; bytes: Uint8Array }) => {
      const refused = refusal(outcome);
      if (refused !== undefined) throw new Error(refused);
      return envelope ??= JSON.parse(outcome.json) as Envelope<R>;
    };
    return {
      ended: () => operation.ended().then(parse),
      wait: () => envelope ?? parse(operation.wait()),
    };
  },
};

/** Options as JSON can hold them: what it cannot becomes its description, which no option accepts. */
function describe(options: TaskOptions): unknown {
  return JSON.parse(JSON.stringify(options, (_key, value) => {
    switch (typeof value) {
      case "number":
        return Number.isFinite(value) ? value : { unsupported: String(value) };
      case "bigint":
      case "function":
      case "symbol":
        return { unsupported: typeof value };
      default:
        return value;
    }
  }));
}
