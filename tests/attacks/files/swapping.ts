/** Exchanges two names of a folder in another thread, as fast as it can, until the block ends. */
export function swapping(folder: string, [first, second]: [string, string]): AsyncDisposable {
  const script = `onmessage = ({ data: { names: [a, b], isOver } }) => {
    const c = a + ".swapped";
    // Others may put something in a place that is free for a moment.
    const move = (from, to) => { try { Deno.renameSync(from, to); } catch { /* The next time. */ } };
    while (Atomics.load(isOver, 0) === 0) { move(a, c); move(b, a); move(c, b); }
    postMessage("over");
  };`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const isOver = new Int32Array(new SharedArrayBuffer(4));
  worker.postMessage({ names: [`${folder}/${first}`, `${folder}/${second}`], isOver });
  return {
    async [Symbol.asyncDispose]() {
      const over = new Promise((resolve) => worker.onmessage = resolve);
      Atomics.store(isOver, 0, 1);
      await over;
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
