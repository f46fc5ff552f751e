/**
 * The JavaScript engine: what is snapshotted with QuickJS, and what the world of
 * `engines/wit/world.wit` calls.
 */
import { argumentBytes, resultBytes } from "capsule:host/operations@1.0.0";
import "./globals/mod.ts";
import * as sdk from "./sdk.ts";
import { decode } from "../../sdk/payload.ts";
import { setDispatcher } from "../../sdk/task.ts";
import { tellEarlyReads } from "./early_reads.ts";
import { describe } from "./failure/failure.ts";
import { reseed } from "./globals/crypto/crypto.ts";
import { resetClock } from "./globals/web/performance.ts";
import { resumeTimers, suspendTimers } from "./globals/web/timers.ts";
import { idle } from "./operations.ts";
import { builtin } from "./node/mod.ts";
import module from "./node/module.ts";
import { type Access, giveAccess } from "./node/process/process.ts";
import { serialize } from "./serialize.ts";
import { mayBeUnheard, tellUnheard, trackRejections } from "./failure/rejections.ts";
import { declarations, declaredVariables, declareScript, dispatcher, functionOf } from "./tasks.ts";

// Kept before a program can replace them.
const evaluate = eval;
const { parse } = JSON;

/**
 * A bundle's lines start behind these: a stack tells them from lines of code that the program itself
 * evaluates, which QuickJS calls by the same name. The host counts on the number.
 */
const EMPTY_LINES = "\n".repeat(3_001);

/** How a program ends that declares no task: its code runs in the one that it is. `compiler/typescript/script.ts` writes it. */
const SCRIPT = "/*capsule:script*/";

setDispatcher(dispatcher);
// Where the bundle of a program finds what its imports of Capsule and of `node:` name.
Object.defineProperty(globalThis, Symbol.for("capsule.import"), { value: importBuiltin });

function importBuiltin(specifier: string): unknown {
  const found = specifier === "@capsule/sdk" ? sdk : builtin(specifier.replace(/^node:/, ""));
  if (found !== undefined) return found;
  throw new Error(`Cannot import "${specifier}": it is not available in a sandbox`);
}

/**
 * Runs a program's bundle, a function body in which `await` may stand. What esbuild has not bundled, it asks
 * `require` for.
 */
export async function load(path: string, source: string): Promise<string> {
  try {
    trackRejections();
    const program = evaluate(`(async (require) => { "use strict";${EMPTY_LINES}${source}\n})`);
    if (source.endsWith(SCRIPT)) {
      declareScript(() => program(module.createRequire()));
      return declarations();
    }
    await program(module.createRequire());
    if (mayBeUnheard()) await tellUnheard();
    tellEarlyReads(path, declaredVariables);
    // Nothing of the host may be part of an image.
    suspendTimers();
    await idle();
    return declarations();
  } catch (thrown) {
    throw describe(thrown);
  }
}

/** Runs a task. */
export async function run(task: string, json: string, context: string): Promise<string> {
  try {
    reseed();
    resetClock();
    resumeTimers();
    const bytes = context === "" ? undefined : take(parse(context));
    const { args } = bytes ? decode({ json, bytes }) as { args: unknown[] } : parse(json);
    const result = serialize(await functionOf(task)(...args), "result");
    if (typeof result === "string") return result;
    resultBytes(result.bytes);
    return result.json;
  } catch (thrown) {
    throw describe(thrown);
  } finally {
    if (mayBeUnheard()) await tellUnheard();
  }
}

/** Takes what the task has. Returns the bytes of its arguments, if there are any. */
function take(given: Partial<Access> & { bytes?: boolean }): Uint8Array | undefined {
  const { env, writable, bytes } = given;
  if (env && writable) giveAccess({ env, writable });
  return bytes ? argumentBytes() : undefined;
}
