/** Programs that run in the worker of this process. */
import { CapsuleError } from "../../errors/error.ts";
import { platform } from "../../platform/mod.ts";
import { resolve } from "../../platform/path.ts";
import type { NativeFixed } from "../../ffi/native.ts";
import type { Payload } from "../../sdk/payload.ts";
import { CANCELLED, failedEnvelope } from "../envelope/failure.ts";
import { encodeInput } from "../envelope/input.ts";
import type { ProgramHandle } from "../program/handle.ts";
import {
  type CallDetails,
  PROGRAM_OPTIONS,
  type ProgramOptions,
  type RunOptions,
} from "../options/options.ts";
import { parseCall, parseProgram } from "../options/parsed_options.ts";
import { taskName } from "../program/task_names.ts";
import { countProgram, unlessAborted, useWorker } from "./worker.ts";
import {
  type Answer,
  type Asker,
  type WorkerConnection,
  WorkerEnded,
} from "./worker_connection.ts";

/** Runs a task in the worker. Returns its envelope. */
export function runInWorker(options: RunOptions): Promise<Payload> {
  const { task = "main", args = [], kwargs, signal } = options;
  return envelopeOf(task, signal, async () => {
    signal?.throwIfAborted();
    const { stdin, capture } = parseCall({ stdin: options.stdin, capture: options.capture });
    const program = JSON.stringify({
      ...await describe(options),
      ...{ task: taskName(task), stdin, capture },
    });
    const { json, bytes } = encodeInput(args, kwargs);
    const { length, payload } = joined({ json: `${program.slice(0, -1)},${json.slice(1)}`, bytes });
    const message = { type: "run", ...length };
    return await repeat(signal, (connection) => ask(connection, message, payload, options));
  });
}

/**
 * Loads a program in the worker.
 *
 * @throws {CapsuleError} for mistakes on the host's side. The reason of the signal, if that aborts.
 */
export async function openInWorker(options: ProgramOptions): Promise<ProgramHandle> {
  const { signal, onEvent } = options;
  signal?.throwIfAborted();
  const program = new WorkerProgram(encoder.encode(JSON.stringify(await describe(options))));
  try {
    await repeat(signal, (connection) => program.numberIn(connection, { signal, onEvent }));
  } catch (error) {
    if (!(error instanceof WorkerEnded)) throw error;
    throw new CapsuleError("internal", `Cannot open the program: ${error.message}`);
  }
  countProgram(1);
  return program;
}

/** A program that each new worker loads anew, when it is first called there. */
class WorkerProgram implements ProgramHandle {
  readonly #options: Uint8Array;
  /** Where it is loaded, and its number there: none, if that worker took no more requests. */
  #loaded: { connection: WorkerConnection; number: Promise<number | undefined> } | undefined;
  #tasks: string[] = [];
  #calls = 0;
  #isClosed = false;

  constructor(options: Uint8Array) {
    this.#options = options;
  }

  get tasks(): string[] {
    return this.#tasks;
  }

  call(task: string, args: unknown[], options: CallDetails): Promise<Payload> {
    const { kwargs, signal, limits, seed } = options;
    return envelopeOf(task, signal, async () => {
      const { stdin, capture, fixed } = parseCall(options);
      const details = { limits, stdin, capture, seed, now: dateOf(fixed) };
      const given = [limits, stdin, fixed, capture || undefined];
      const detailed = given.some((option) => option !== undefined);
      const { json, bytes } = encodeInput(args, kwargs);
      const { length, payload } = joined({
        json: detailed ? JSON.stringify({ input: json, ...details }) : json,
        bytes,
      });
      const message = { type: "call", task: taskName(task), detailed, ...length };
      signal?.throwIfAborted();
      this.#calls++;
      try {
        return await repeat(signal, async (connection) => {
          const program = await unlessAborted(this.numberIn(connection), signal);
          if (program === undefined) return undefined;
          return await ask(connection, { ...message, program }, payload, options);
        });
      } finally {
        if (--this.#calls === 0 && this.#isClosed) this.#unload();
      }
    });
  }

  close(): void {
    this.#isClosed = true;
    countProgram(-1);
    if (this.#calls === 0) this.#unload();
  }

  /** Its number in a worker, which loads it first if it has not. Undefined if that takes no more requests. */
  numberIn(connection: WorkerConnection, asker: Asker = {}): Promise<number | undefined> {
    if (this.#loaded?.connection !== connection) {
      const loaded = { connection, number: this.#load(connection, asker) };
      this.#loaded = loaded;
      loaded.number.catch(() => {
        // The next call tries again.
        if (this.#loaded === loaded) this.#loaded = undefined;
      });
    }
    return this.#loaded!.number;
  }

  async #load(connection: WorkerConnection, asker: Asker): Promise<number | undefined> {
    const answer = await ask(connection, { type: "open" }, this.#options, asker);
    if (answer?.message.type !== "opened") return undefined;
    this.#tasks = answer.message.tasks;
    return answer.message.program;
  }

  #unload(): void {
    const { connection, number } = this.#loaded ?? {};
    number?.then((number) => number && connection!.close(number), () => {});
  }
}

/** Sends a request when it is its turn. Undefined if the worker takes no more. */
async function ask(
  connection: WorkerConnection,
  message: object,
  payload: Uint8Array,
  { signal, onEvent }: Asker,
): Promise<Answer | undefined> {
  const isTurn = await connection.turn(signal);
  return isTurn ? await connection.request(message, payload, { signal, onEvent }) : undefined;
}

/** Asks the worker of this process, and the next one if that takes no more requests. */
async function repeat<T>(
  signal: AbortSignal | undefined,
  attempt: (connection: WorkerConnection) => Promise<T | undefined>,
): Promise<T> {
  while (true) {
    const answer = await useWorker(signal, attempt);
    if (answer !== undefined) return answer;
  }
}

/** The envelope that a worker answers with, or that of a call which it could not answer. */
async function envelopeOf(
  task: string,
  signal: AbortSignal | undefined,
  ask: () => Promise<Answer>,
): Promise<Payload> {
  try {
    const { message, payload } = await ask();
    const { json = payload.length } = message as { json?: number };
    return { json: decoder.decode(payload.subarray(0, json)), bytes: payload.slice(json) };
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return failedEnvelope(task, CANCELLED);
    if (!(error instanceof WorkerEnded)) throw error;
    return failedEnvelope(task, { error_type: "internal_error", message: error.message });
  }
}

/** JSON and bytes as the payload of a frame, and what its header has to say of that. They are copied. */
function joined({ json, bytes }: Payload): { length: { json?: number }; payload: Uint8Array } {
  const text = encoder.encode(json);
  if (bytes.length === 0) return { length: {}, payload: text };
  const payload = new Uint8Array(text.length + bytes.length);
  payload.set(text);
  payload.set(bytes, text.length);
  return { length: { json: text.length }, payload };
}

/**
 * The options of a program as a worker takes them. They are checked first: JSON leaves out what it cannot hold, and nothing
 * has to become a default by that.
 */
async function describe(options: ProgramOptions): Promise<Record<string, unknown>> {
  const { cwd, fixed } = await parseProgram(options);
  const given = Object.fromEntries(PROGRAM_OPTIONS.map((name) => [name, options[name]]));
  return { ...given, cwd, now: dateOf(fixed), environment: environment() };
}

/** `now` as text. */
function dateOf(fixed: NativeFixed | undefined): string | undefined {
  return fixed?.now_ms === undefined ? undefined : new Date(fixed.now_ms).toISOString();
}

/** This process's own, as it is now. */
function environment(): Record<string, string> {
  const variables = platform.environment();
  const { VIRTUAL_ENV } = variables;
  // The worker has another folder.
  return VIRTUAL_ENV
    ? { ...variables, VIRTUAL_ENV: resolve(platform.cwd(), VIRTUAL_ENV) }
    : variables;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
