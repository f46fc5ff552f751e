/** The tasks of the loaded program, and calls between them. */
import type { Envelope } from "../../sdk/envelope.ts";
import { decode, type Payload } from "../../sdk/payload.ts";
import type { Dispatcher, TaskOptions } from "../../sdk/task.ts";
import { Operation, refusal } from "./operations.ts";
import { serialize } from "./serialize.ts";

type Function = (...args: unknown[]) => unknown;

/** No option is nested deeper. */
const DEPTH_AT_MOST = 8;

// Declarations decide about policies: they use nothing that a program can replace.
const { stringify } = JSON;
const { isArray } = Array;
const { isFinite } = Number;
const { create, keys, setPrototypeOf } = Object;

const functions: Record<string, Function> = create(null);
/** Declarations as JSON, with commas between them. Two tasks of one name are both there. */
let declared = "";

/** The environment variables that tasks declare. */
export const declaredVariables: string[] = [];

/** The tasks that were declared, in their order, as JSON. */
export function declarations(): string {
  return `{"tasks":[${declared}]}`;
}

/** Declares the task that a script is: it runs, and then what it exports as `main` or as `default`, if that is a function. */
export function declareScript(run: () => Promise<{ main?: unknown; default?: unknown }>): void {
  dispatcher.declare({ name: "main" }, async (...args: unknown[]) => {
    const { main, default: other } = await run();
    const body = main ?? other;
    return typeof body === "function" ? await body(...args) : null;
  });
}

/** The function of a task. */
export function functionOf(name: string): Function {
  const fn = functions[name];
  if (fn === undefined) throw new ReferenceError(`there is no task "${name}"`);
  return fn;
}

/** Calls inside a sandbox: each runs as a sub-task in another sandbox. */
export const dispatcher: Dispatcher = {
  declare(options, fn) {
    const described = describe(options) as TaskOptions;
    const { name } = described;
    declared += `${declared && ","}{"name":${stringify(name)},"options":${stringify(described)}}`;
    functions[name] = fn as Function;
    const { envVariables } = described;
    for (let at = 0; isArray(envVariables) && at < envVariables.length; at++) {
      const variable: unknown = envVariables[at];
      if (typeof variable === "string") declaredVariables[declaredVariables.length] = variable;
    }
  },

  call<R>(name: string, args: unknown[]) {
    const written = serialize(args, "arguments");
    const { json, bytes } = typeof written === "string"
      ? { json: written, bytes: undefined }
      : written;
    const request = `{"task":${stringify(name)},"input":{"args":${json}}}`;
    const operation = new Operation("call", request, bytes);
    let envelope: Envelope<R> | undefined;
    const parse = (outcome: Payload) => {
      const refused = refusal(outcome);
      if (refused !== undefined) throw new Error(refused);
      return envelope ??= decode(outcome) as Envelope<R>;
    };
    return {
      ended: () => operation.ended().then(parse),
      wait: () => envelope ?? parse(operation.wait()),
    };
  },
};

/**
 * Options as JSON can hold them, as they are now: what it cannot becomes its description, which no option
 * accepts. Nothing in them has a prototype, and so a `toJSON`.
 */
function describe(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case "number":
      return isFinite(value) ? value : unsupported(`${value}`);
    case "bigint":
    case "function":
    case "symbol":
      return unsupported(typeof value);
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (depth > DEPTH_AT_MOST) return unsupported("nested too deeply");
  const copy = isArray(value) ? setPrototypeOf([], null) : create(null);
  const names = keys(value);
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    copy[name] = describe((value as Record<string, unknown>)[name], depth + 1);
  }
  return copy;
}

function unsupported(what: string): unknown {
  const description = create(null);
  description.unsupported = what;
  return description;
}
