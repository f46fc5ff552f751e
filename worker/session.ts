import { CapsuleError } from "../errors/error.ts";
import type { WrongFrame } from "../protocol/decoder.ts";
import { encodeFrame, type Frame } from "../protocol/frame.ts";
import type { ClientMessage, WorkerMessage } from "../protocol/messages.ts";
import type { RunEvent } from "../runner/events.ts";
import { type LocalProgram, openHere } from "../runner/program/local_program.ts";
import type { ProgramOptions, RunOptions } from "../runner/options/options.ts";
import { limitProcessRam } from "../runner/process_ram.ts";
import { runHere } from "../runner/run.ts";
import { decodeStdin } from "../runner/envelope/stdin.ts";
import type { Payload } from "../sdk/payload.ts";
import { failedOf } from "./answer.ts";
import { parseMessage } from "./message.ts";
import {
  CALL_MEMBERS,
  INPUT_MEMBERS,
  inputFrom,
  inputOf,
  OPEN_MEMBERS,
  parsePayload,
  partsOf,
  RUN_MEMBERS,
  variablesOf,
} from "./payload.ts";

/** The most requests that can run at once: as many as a run may have tasks alive. */
export const REQUESTS_AT_MOST = 1000;

/** A running request. */
interface Request {
  id: number;
  payload: Payload;
  options: { signal: AbortSignal; onEvent?: (event: RunEvent) => void };
}

/** The state of one client: its open programs and running requests. */
export class Session {
  readonly #write: (frame: Uint8Array) => void;
  readonly #requests = new Map<number, AbortController>();
  readonly #programs = new Map<number, LocalProgram>();
  #programsOpened = 0;

  /** @param write Called with whole frames. */
  constructor(write: (frame: Uint8Array) => void) {
    this.#write = write;
  }

  /** Sends a frame to the client. */
  send(id: number, message: WorkerMessage, payload?: Uint8Array): void {
    this.#write(encodeFrame(id, message, ...payload ? [payload] : []));
  }

  /** Handles a frame of the client. Errors are sent as responses, never thrown. */
  receive(frame: Frame | WrongFrame): void {
    const { id } = frame;
    try {
      if ("problem" in frame) throw refused(frame.problem);
      if (id === 0) throw refused("the id of a request must not be 0");
      const message = parseMessage(frame.header);
      if (message.type === "cancel") return this.#requests.get(id)?.abort();
      if (message.type === "close") return this.#close(message.program);
      if (message.type === "configure") return limitProcessRam(message.ram);
      if (this.#requests.has(id)) throw refused(`request ${id} is already running`);
      if (this.#requests.size >= REQUESTS_AT_MOST) {
        throw refused(`too many requests at once: at most ${REQUESTS_AT_MOST}`);
      }
      this.#begin(id, message, frame.payload);
    } catch (error) {
      this.send(id, failedOf(error));
    }
  }

  /** Cancels all running requests. */
  cancelAll(): void {
    for (const controller of this.#requests.values()) controller.abort();
  }

  async #begin(id: number, message: ClientMessage, payload: Uint8Array): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#requests.set(id, controller);
    const onEvent = "observe" in message && message.observe
      ? { onEvent: (event: RunEvent) => this.#sendEvent(id, event) }
      : {};
    let answer: Uint8Array;
    try {
      const parts = partsOf(payload, "json" in message ? message.json : undefined);
      answer = await this.#answer(message, { id, payload: parts, options: { signal, ...onEvent } });
    } catch (error) {
      answer = encodeFrame(id, failedOf(error, signal));
    }
    // Removed before the response is sent, because the client can then use the id again.
    this.#requests.delete(id);
    this.#write(answer);
  }

  async #answer(message: ClientMessage, request: Request): Promise<Uint8Array> {
    switch (message.type) {
      case "run":
        return await this.#run(request);
      case "open":
        return await this.#open(request);
      case "call":
        return await this.#call(message, request);
    }
    throw new CapsuleError("internal", `${message.type} has no answer`);
  }

  async #run({ id, payload, options }: Request): Promise<Uint8Array> {
    const { environment, input, stdin, ...given } = parsePayload(payload.json, RUN_MEMBERS);
    if (input !== undefined && INPUT_MEMBERS.some((name) => name in given)) {
      throw refused("give either input, or args and kwargs");
    }
    const read = decodeStdin(stdin);
    const run = { ...given, ...options, ...(read && { stdin: read }) } as RunOptions;
    const encoded = input === undefined
      ? inputFrom(given, payload.bytes)
      : inputOf(input, payload.bytes);
    return envelopeFrame(id, await runHere(run, variablesOf(environment), encoded));
  }

  async #open({ id, payload, options }: Request): Promise<Uint8Array> {
    const { environment, ...given } = parsePayload(payload.json, OPEN_MEMBERS);
    const open = { ...given, ...options } as ProgramOptions;
    const handle = await openHere(open, variablesOf(environment));
    const program = ++this.#programsOpened;
    try {
      const answer = encodeFrame(id, { type: "opened", program, tasks: handle.tasks });
      this.#programs.set(program, handle);
      return answer;
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  async #call(
    { program, task, detailed }: Extract<ClientMessage, { type: "call" }>,
    { id, payload, options }: Request,
  ): Promise<Uint8Array> {
    const handle = this.#program(program);
    const { input, stdin, ...details } = detailed
      ? parsePayload(payload.json, CALL_MEMBERS)
      : { input: payload.json };
    const call = { ...details, ...options, stdin: decodeStdin(stdin) };
    return envelopeFrame(id, await handle.callWith(inputOf(input, payload.bytes), task, call));
  }

  #close(program: number): void {
    const handle = this.#program(program);
    this.#programs.delete(program);
    handle.close();
  }

  #program(program: number): LocalProgram {
    const handle = this.#programs.get(program);
    if (handle === undefined) throw refused(`program ${program} is not open`);
    return handle;
  }

  #sendEvent(id: number, event: RunEvent): void {
    if (event.type !== "output") return this.send(id, { type: "event", event });
    const { data, ...rest } = event;
    this.send(id, { type: "event", event: rest }, data);
  }
}

function envelopeFrame(id: number, { json, bytes }: Payload): Uint8Array {
  const text = encoder.encode(json);
  if (bytes.length === 0) return encodeFrame(id, { type: "envelope" }, text);
  return encodeFrame(id, { type: "envelope", json: text.length }, text, bytes);
}

function refused(problem: string): CapsuleError {
  return new CapsuleError("invalid_argument", problem);
}

const encoder = new TextEncoder();
