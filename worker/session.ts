import { CapsuleError } from "../errors/error.ts";
import type { WrongFrame } from "../protocol/decoder.ts";
import { encodeFrame, type Frame } from "../protocol/frame.ts";
import type { ClientMessage, WorkerMessage } from "../protocol/messages.ts";
import type { RunEvent } from "../runner/events.ts";
import { type LocalProgram, openHere } from "../runner/local_program.ts";
import type { ProgramOptions, RunOptions } from "../runner/options.ts";
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

/** How many requests may be under way at once: as many as a run may have tasks. */
export const REQUESTS_AT_MOST = 1000;

/** A request that is under way. */
interface Request {
  id: number;
  payload: Payload;
  options: { signal: AbortSignal; onEvent?: (event: RunEvent) => void };
}

/** What one client has asked for: its programs, and its requests that are under way. */
export class Session {
  readonly #write: (frame: Uint8Array) => void;
  readonly #underWay = new Map<number, AbortController>();
  readonly #programs = new Map<number, LocalProgram>();
  #programsOpened = 0;

  /** @param write Takes whole frames. */
  constructor(write: (frame: Uint8Array) => void) {
    this.#write = write;
  }

  /** Tells the client something. */
  send(id: number, message: WorkerMessage, payload?: Uint8Array): void {
    this.#write(encodeFrame(id, message, ...payload ? [payload] : []));
  }

  /** Does what a frame asks for. What is wrong with it is answered; nothing is thrown. */
  receive(frame: Frame | WrongFrame): void {
    const { id } = frame;
    try {
      if ("problem" in frame) throw refused(frame.problem);
      if (id === 0) throw refused("0 is no id of a request");
      const message = parseMessage(frame.header);
      if (message.type === "cancel") return this.#underWay.get(id)?.abort();
      if (message.type === "close") return this.#close(message.program);
      if (message.type === "configure") return limitProcessRam(message.ram);
      if (this.#underWay.has(id)) throw refused(`the request ${id} is under way already`);
      if (this.#underWay.size >= REQUESTS_AT_MOST) {
        throw refused(
          `${REQUESTS_AT_MOST} requests are under way, and no more are allowed at once`,
        );
      }
      this.#begin(id, message, frame.payload);
    } catch (error) {
      this.send(id, failedOf(error));
    }
  }

  /** Cancels all that is under way. */
  cancelAll(): void {
    for (const controller of this.#underWay.values()) controller.abort();
  }

  async #begin(id: number, message: ClientMessage, payload: Uint8Array): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#underWay.set(id, controller);
    const onEvent = "observe" in message && message.observe
      ? { onEvent: (event: RunEvent) => this.#tell(id, event) }
      : {};
    let answer: Uint8Array;
    try {
      const parts = partsOf(payload, "json" in message ? message.json : undefined);
      answer = await this.#answer(message, { id, payload: parts, options: { signal, ...onEvent } });
    } catch (error) {
      answer = encodeFrame(id, failedOf(error, signal));
    }
    // Before the client knows: it may use the id again.
    this.#underWay.delete(id);
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
    if (handle === undefined) throw refused(`there is no program ${program}`);
    return handle;
  }

  #tell(id: number, event: RunEvent): void {
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
