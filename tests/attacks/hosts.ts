/** The hosts that an attack is tried in, each asked in the same way. Node has the cases of tests/contract. */
import { run, type RunOptions } from "@capsule/sdk/runner";
import { CACHE, ROOT } from "../support/support.ts";

/** What a host gives: an envelope, or what it throws. */
export interface Answer {
  result: unknown;
  /** `error_type` of the envelope, or the code of the error that was thrown; undefined if it succeeded. */
  problem: string | undefined;
  message: string;
}

type Ask = (options: RunOptions) => Promise<Answer>;

/** This process, a worker process, and Python's package. */
export const HOSTS: Record<string, Ask> = {
  "this process": (options) => askHere(options),
  "a worker": (options) => askHere({ ...options, isolation: "process" }),
  Python: askPython,
};

async function askHere(options: RunOptions): Promise<Answer> {
  try {
    return answerOf(await run(options));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { result: null, problem: code ?? `${error}`, message };
  }
}

const CLIENT = `
import json, sys
from capsule import CapsuleError, run_sync
try:
    print(json.dumps(run_sync(**json.load(sys.stdin))))
except CapsuleError as error:
    print(json.dumps({"result": None, "error": {"error_type": error.code, "message": str(error)}}))
`;

async function askPython(options: RunOptions): Promise<Answer> {
  const child = new Deno.Command("python3", {
    // Without packages of its own: those of this machine would be what programs find.
    args: ["-S", "-c", CLIENT],
    env: { PYTHONPATH: `${ROOT}python/src`, CAPSULE_CACHE_DIR: CACHE },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(options)));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(decoder.decode(stderr));
  return answerOf(JSON.parse(decoder.decode(stdout)));
}

function answerOf(
  { result, error }: { result: unknown; error: { error_type: string; message: string } | null },
): Answer {
  return { result, problem: error?.error_type, message: error?.message ?? "" };
}
