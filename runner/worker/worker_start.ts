/** How a worker process is started. */
import { commandPath } from "../../install/installation.ts";
import { CapsuleError } from "../../errors/error.ts";
import { type Child, platform } from "../../platform/mod.ts";
import { resolve } from "../../platform/path.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import type { Frame } from "../../protocol/frame.ts";
import { PROTOCOL, type WorkerMessage } from "../../protocol/messages.ts";

/** Set in a worker: one that starts another would never end. */
const WORKER_VARIABLE = "CAPSULE_WORKER";

/** A worker that is ready. */
export interface StartedWorker {
  child: Child;
  /** How many requests it takes at once. */
  requestsAtMost: number;
  /** What it says. Throws what makes that unreadable. */
  frames: AsyncIterable<Frame>;
}

/**
 * Starts a worker process.
 *
 * @throws {CapsuleError} `installation`, when it does not start, or is one of another version.
 */
export async function startWorker(): Promise<StartedWorker> {
  const child = await startChild();
  const frames = framesOf(child);
  try {
    const { value: first } = await frames.next();
    if (first === undefined) throw new Error(`it ended (${await child.ended})`);
    const ready = first.header as WorkerMessage;
    if (ready.type !== "ready") throw new Error("it is no worker");
    if (ready.protocol !== PROTOCOL) {
      throw new Error(`its protocol is version ${ready.protocol}, not ${PROTOCOL}`);
    }
    return { child, frames, requestsAtMost: ready.requests };
  } catch (cause) {
    child.kill();
    throw cannotStart(cause);
  }
}

async function startChild(): Promise<Child> {
  const environment = platform.environment();
  if (WORKER_VARIABLE in environment) throw cannotStart(new Error("this process is one"));
  const here = (path: string) => resolve(platform.cwd(), path);
  const { SSL_CERT_FILE } = environment;
  const path = commandPath();
  const variables = {
    ...environment,
    [WORKER_VARIABLE]: "1",
    // It starts in another folder.
    ...SSL_CERT_FILE ? { SSL_CERT_FILE: here(SSL_CERT_FILE) } : {},
  };
  try {
    return await platform.start(path, ["worker"], variables);
  } catch (cause) {
    throw cannotStart(cause);
  }
}

async function* framesOf(child: Child): AsyncGenerator<Frame, undefined> {
  const decoder = new FrameDecoder();
  for await (const bytes of child.output()) {
    for (const frame of decoder.push(bytes)) {
      if ("problem" in frame) throw new Error(frame.problem);
      yield frame;
    }
  }
}

function cannotStart(cause: unknown): CapsuleError {
  const { message } = cause as Error;
  return new CapsuleError("installation", `Cannot start a worker process: ${message}`, { cause });
}
