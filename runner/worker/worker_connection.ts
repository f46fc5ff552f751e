/** A worker process, and what it has been asked for. */
import { CapsuleError, type CapsuleErrorCode } from "../../errors/error.ts";
import type { Child } from "../../platform/mod.ts";
import { encodeFrame, type Frame, ID_AT_MOST } from "../../protocol/frame.ts";
import type { ClientMessage, FailedMessage, WorkerMessage } from "../../protocol/messages.ts";
import type { RunEvent } from "../events.ts";
import { followProcessRam } from "../process_ram.ts";
import { Turns } from "./turns.ts";
import { type StartedWorker, startWorker } from "./worker_start.ts";

/** The worker process has ended, and with it what it was asked for. */
export class WorkerEnded extends Error {}

/** The last answer to a request. */
export interface Answer {
  message: Extract<WorkerMessage, { type: "opened" | "envelope" }>;
  payload: Uint8Array;
}

/** Who asks for something. */
export interface Asker {
  signal?: AbortSignal | undefined;
  onEvent?: ((event: RunEvent) => void) | undefined;
}

/** Who waits for an answer. */
interface Waiting {
  tell(event: RunEvent): void;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** One worker process. */
export class WorkerConnection {
  readonly #child: Child;
  readonly #turns: Turns;
  readonly #underWay = new Map<number, Waiting>();
  readonly #unfollow: () => void;
  #lastId = 0;
  #hasEnded = false;

  private constructor({ child, frames, requestsAtMost }: StartedWorker) {
    this.#child = child;
    this.#turns = new Turns(requestsAtMost);
    this.#unfollow = followProcessRam((ram) =>
      this.#post(this.#nextId(), { type: "configure", ram })
    );
    this.#receive(frames);
  }

  /**
   * Starts a worker process.
   *
   * @throws {CapsuleError} `installation`, when it does not start, or is one of another version.
   */
  static async start(): Promise<WorkerConnection> {
    return new WorkerConnection(await startWorker());
  }

  /** Whether it takes no more requests. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether this process waits for the worker before it ends by itself. */
  keepAlive(isWanted: boolean): void {
    this.#child.keepAlive(isWanted);
  }

  /**
   * Waits until one more request may be sent, which then is. Returns whether it may: the worker may have
   * ended. The reason of the signal is thrown if that aborts.
   */
  turn(signal?: AbortSignal): Promise<boolean> {
    return this.#turns.take(signal);
  }

  /**
   * Sends a request, whose turn it is, and waits for its answer. Undefined if the worker has ended before.
   *
   * @throws {CapsuleError} when it failed. What `onEvent` throws. The reason of the signal, for what has no
   * envelope.
   * @throws {WorkerEnded} when it ends before it has answered.
   */
  async request(
    message: object,
    payload: Uint8Array,
    { signal, onEvent }: Asker,
  ): Promise<Answer | undefined> {
    if (this.#hasEnded) return undefined;
    const id = this.#nextId();
    const cancel = () => this.#post(id, { type: "cancel" });
    let thrown: { error: unknown } | undefined;
    try {
      const frame = encodeFrame(id, { ...message, observe: onEvent !== undefined }, payload);
      const answered = new Promise<Answer>((resolve, reject) => {
        const tell = (event: RunEvent) => {
          if (thrown) return;
          try {
            onEvent?.(event);
          } catch (error) {
            thrown = { error };
            cancel();
          }
        };
        this.#underWay.set(id, { tell, resolve, reject });
      });
      this.#child.write(frame);
      if (signal?.aborted) cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      const answer = await answered;
      if (thrown === undefined) return answer;
      if (answer.message.type === "opened") this.close(answer.message.program);
      throw thrown.error;
    } catch (error) {
      if (thrown !== undefined) throw thrown.error;
      throw error instanceof Cancelled && signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", cancel);
      this.#underWay.delete(id);
      this.#turns.release();
    }
  }

  /** Forgets a program of the worker. */
  close(program: number): void {
    this.#post(this.#nextId(), { type: "close", program });
  }

  /** Lets the worker end, as nobody needs it. */
  retire(): void {
    this.#hasEnded = true;
    this.#unfollow();
    this.#turns.close();
    this.#child.closeInput();
  }

  #post(id: number, message: ClientMessage): void {
    if (!this.#hasEnded) this.#child.write(encodeFrame(id, message));
  }

  #nextId(): number {
    do this.#lastId = this.#lastId % ID_AT_MOST + 1; while (this.#underWay.has(this.#lastId));
    return this.#lastId;
  }

  async #receive(frames: AsyncIterable<Frame>): Promise<void> {
    let problem = "";
    try {
      for await (const { id, header, payload } of frames) {
        this.#dispatch(this.#underWay.get(id), header as WorkerMessage, payload);
      }
    } catch (error) {
      problem = `: ${(error as Error).message}`;
    }
    // At once: the next request goes to the next worker.
    this.#hasEnded = true;
    this.#unfollow();
    this.#turns.close();
    this.#child.kill();
    const status = await this.#child.ended;
    const ended = new WorkerEnded(`the worker process ended (${status}${problem})`);
    for (const { reject } of this.#underWay.values()) reject(ended);
  }

  #dispatch(waiting: Waiting | undefined, message: WorkerMessage, payload: Uint8Array): void {
    switch (message.type) {
      case "event": {
        const event = message.event as RunEvent;
        return waiting?.tell(
          event.type === "output" ? { ...event, data: payload.slice() } : event,
        );
      }
      case "opened":
      case "envelope":
        return waiting?.resolve({ message, payload });
      case "failed":
        return waiting?.reject(
          message.code === "cancelled" ? new Cancelled() : errorOf(message),
        );
    }
  }
}

/** The error, as the worker threw it. */
function errorOf({ code, message, problem = message, fields, hint }: FailedMessage): CapsuleError {
  const error = new CapsuleError(code as CapsuleErrorCode, message, { hint });
  return Object.assign(error, { problem, ...fields });
}

/** The worker has cancelled what it was asked for. */
class Cancelled extends Error {}
