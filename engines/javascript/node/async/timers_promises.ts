/** `node:timers/promises`. */

interface Options {
  signal?: AbortSignal;
}

function aborted(signal: AbortSignal): Error {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

async function setTimeout<T>(delay?: number, value?: T, options: Options = {}): Promise<T> {
  const { signal } = options;
  if (signal?.aborted) throw aborted(signal);
  return await new Promise((resolve, reject) => {
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value as T);
    }, delay);
    const abort = () => {
      clearTimeout(timer);
      reject(aborted(signal!));
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

async function setImmediate<T>(value?: T, options?: Options): Promise<T> {
  return await setTimeout(0, value, options);
}

async function* setInterval<T>(
  delay?: number,
  value?: T,
  options?: Options,
): AsyncGenerator<T, void> {
  while (true) yield await setTimeout(delay, value, options) as T;
}

const scheduler = {
  wait: (delay: number, options?: Options) => setTimeout(delay, undefined, options),
  yield: () => setImmediate(),
};

export default { scheduler, setImmediate, setInterval, setTimeout };
