import { platform } from "../../platform/mod.ts";
import { WorkerConnection } from "./worker_connection.ts";

/** How long a worker without programs waits for the next call. */
const IDLE_MS = 10_000;

/** A worker that starts or has started. */
interface Worker {
  started: Promise<WorkerConnection>;
  connection?: WorkerConnection;
}

/** The worker of this process: started on first use, and again after it has ended. */
let shared: Worker | undefined;
/** Who needs it now. This process waits for the worker only while somebody does. */
let users = 0;
/** How many programs are open in it. */
let programs = 0;
let lastUsedMs = 0;
let isWatched = false;

/**
 * Does something with the worker of this process.
 *
 * @throws {CapsuleError} `installation`, when it does not start. The reason of the signal, if that aborts
 * before it has.
 */
export async function useWorker<T>(
  signal: AbortSignal | undefined,
  use: (connection: WorkerConnection) => Promise<T>,
): Promise<T> {
  if (users++ === 0) shared?.connection?.keepAlive(true);
  try {
    return await use(await unlessAborted(connect(), signal));
  } finally {
    if (--users === 0) {
      shared?.connection?.keepAlive(false);
      lastUsedMs = performance.now();
      retireWhenIdle();
    }
  }
}

/** Counts the programs that keep the worker from being ended: one more, or one less. */
export function countProgram(difference: 1 | -1): void {
  programs += difference;
  retireWhenIdle();
}

function connect(): Promise<WorkerConnection> {
  if (shared === undefined || shared.connection?.hasEnded) {
    const worker: Worker = { started: WorkerConnection.start() };
    shared = worker;
    worker.started.then((connection) => {
      worker.connection = connection;
      connection.keepAlive(users > 0);
    }, () => {
      if (shared === worker) shared = undefined;
    });
  }
  return shared.started;
}

/** One look at a time: calls come by the thousand. */
function retireWhenIdle(): void {
  if (isWatched || users > 0 || programs > 0 || shared === undefined) return;
  isWatched = true;
  platform.after(Math.max(1, lastUsedMs + IDLE_MS - performance.now()), () => {
    isWatched = false;
    if (users > 0 || programs > 0) return;
    if (performance.now() < lastUsedMs + IDLE_MS) return retireWhenIdle();
    shared?.connection?.retire();
    shared = undefined;
  });
}

/** What a promise gives, or the reason of the signal, if that is first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
