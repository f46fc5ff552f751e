import { FrameDecoder } from "../../protocol/decoder.ts";
import { encodeFrame, type Frame } from "../../protocol/frame.ts";
import { startCli } from "../support/support.ts";

/** Long enough for all that a test asks for. */
const TIMEOUT_MS = 30_000;

/** A client of a worker that says what a test wants to say, right or wrong. */
export interface Client {
  processId: number;
  /** Sends bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends a frame. */
  send(id: number, header: object, payload?: unknown): Promise<void>;
  /** The next frame. */
  next(): Promise<Frame>;
  /** The next frame that is no event. */
  answer(): Promise<Frame>;
  /** Runs a program in Python. */
  run(id: number, code: string, options?: { observe?: boolean; args?: unknown[] }): Promise<void>;
  /** Ends its input, and waits until it has ended. Returns its status, and the frames that came. */
  end(): Promise<{ status: number; frames: Frame[]; stderr: string }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a worker, and reads what it says first. */
export async function startWorker(): Promise<Client & { ready: Frame }> {
  const child = startCli(["worker"], { cwd: "/" });
  const writer = child.stdin.getWriter();
  const stderr = new Response(child.stderr).text();
  const frames = framesOf(child.stdout);
  let hasEnded = false;
  const next = async () => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const late = new Promise<never>((_, reject) => {
      timeout.addEventListener("abort", () => reject(new Error("no frame came")));
    });
    const { value, done } = await Promise.race([frames.next(), late]);
    if (done) throw new Error(`the worker ended: ${await stderr}`);
    return value;
  };
  const client: Client = {
    processId: child.pid,
    write: (bytes) => writer.write(bytes as Uint8Array<ArrayBuffer>),
    send(id, header, payload) {
      const bytes = payload === undefined
        ? new Uint8Array(0)
        : new TextEncoder().encode(JSON.stringify(payload));
      return writer.write(encodeFrame(id, header, bytes));
    },
    next,
    async answer() {
      while (true) {
        const frame = await next();
        if (frame.header.type !== "event") return frame;
      }
    },
    run: (id, code, { observe = false, args = [] } = {}) =>
      client.send(id, { type: "run", observe }, { code, language: "python", cwd: "/tmp", args }),
    async end() {
      hasEnded = true;
      await writer.close().catch(() => {});
      const rest: Frame[] = [];
      for await (const frame of frames) rest.push(frame);
      return { status: (await child.status).code, frames: rest, stderr: await stderr };
    },
    async [Symbol.asyncDispose]() {
      if (!hasEnded) await client.end();
    },
  };
  return Object.assign(client, { ready: await next() });
}

/** The payload of a frame, as JSON. */
export function json(frame: Frame): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(frame.payload));
}

async function* framesOf(stdout: ReadableStream<Uint8Array>): AsyncGenerator<Frame, undefined> {
  const decoder = new FrameDecoder();
  for await (const bytes of stdout) {
    for (const frame of decoder.push(bytes)) {
      if ("problem" in frame) throw new Error(`not only frames came: ${frame.problem}`);
      yield frame;
    }
  }
}
