/**
 * The JavaScript engine: what is snapshotted with QuickJS, and what the world of
 * `engines/wit/world.wit` calls.
 */
import "./globals/mod.ts";
import * as sdk from "../../mod.ts";
import { setDispatcher } from "../../sdk/task.ts";
import { describe } from "./failure.ts";
import { reseed } from "./globals/crypto.ts";
import { serialize } from "./serialize.ts";
import { declared, dispatcher, functionOf } from "./tasks.ts";

const evaluate = eval;
const { parse, stringify } = JSON;

setDispatcher(dispatcher);
// Where the bundle of a program finds what its imports of Capsule and of `node:` name.
Object.defineProperty(globalThis, Symbol.for("capsule.import"), { value: importBuiltin });

function importBuiltin(specifier: string): unknown {
  if (specifier === "@capsule/sdk") return sdk;
  throw new Error(`Cannot import "${specifier}": it is not available in a sandbox`);
}

/** Runs a program's bundle, a function body in which `await` may stand. */
export async function load(_path: string, source: string): Promise<string> {
  try {
    // The bundle starts on the second line: stack traces count on it.
    await evaluate(`(async () => { "use strict";\n${source}\n})`)();
    return stringify({ tasks: declared() });
  } catch (thrown) {
    throw describe(thrown);
  }
}

/** Runs a task. */
export async function run(task: string, input: string): Promise<string> {
  try {
    reseed();
    const { args } = parse(input);
    return serialize(await functionOf(task)(...args), "result");
  } catch (thrown) {
    throw describe(thrown);
  }
}
