/** How late the timers of this process come while something is done. */
export async function lateness<T>(work: () => Promise<T>): Promise<[result: T, lateMs: number]> {
  let lateMs = 0;
  let beforeMs = performance.now();
  const tick = () => {
    const nowMs = performance.now();
    lateMs = Math.max(lateMs, nowMs - beforeMs);
    beforeMs = nowMs;
  };
  const timer = setInterval(tick, 5);
  try {
    const result = await work();
    tick();
    return [result, lateMs];
  } finally {
    clearInterval(timer);
  }
}
