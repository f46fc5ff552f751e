/** A side of a comparison: Capsule, or a peer, in a process. */

/** How a side measures a workload. */
export interface Offer {
  /** The most samples to take, if each takes long. */
  most?: number;
  note?: string;
  /** Whether to measure without warm-up, because each sample starts from nothing. */
  cold?: boolean;
}

/** A running side. */
export interface Side {
  name: string;
  version?: string;
  offers: Record<string, Offer>;
  /** Takes samples of a workload. */
  take(workload: string, count: number): Promise<number[]>;
  close(): Promise<void>;
}

/** A process that takes samples on request: `peers/serve.ts`, `peers/serve.py`. */
export interface ProcessOptions {
  name: string;
  command: string[];
  env?: Record<string, string>;
  cwd?: string;
}

/** After this time, a side is considered hung, also on slow machines. */
const LIMIT_MS = 180_000;

/** Starts a process, and waits until it reports the workloads that it can measure. */
export async function startProcess(options: ProcessOptions): Promise<Side> {
  const [program, ...args] = options.command;
  const child = new Deno.Command(program!, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  const writer = child.stdin.getWriter();
  const answers = lines(child.stdout);
  const complaints = new Response(child.stderr).text();
  const next = async () => {
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    const { value, done } = await answers.next();
    clearTimeout(timer);
    if (!done) return JSON.parse(value);
    throw new Error(
      lastLine(await complaints) ??
        `it ended, or took over ${LIMIT_MS / 1000} s`,
    );
  };
  const { version, measures } = await next();
  return {
    name: options.name,
    version,
    offers: measures,
    async take(workload, count) {
      const request = JSON.stringify({ measure: workload, count });
      await writer.write(new TextEncoder().encode(`${request}\n`));
      const { samples, error } = await next();
      if (error !== undefined) throw new Error(error);
      return samples;
    },
    async close() {
      await writer.close().catch(() => {});
      await child.status;
    },
  };
}

async function* lines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (
    const text of stream.pipeThrough(new TextDecoderStream() as never)
  ) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

function lastLine(text: string): string | undefined {
  return text.trim().split("\n").at(-1) || undefined;
}
