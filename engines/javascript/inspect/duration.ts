const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A time in milliseconds, as Node's `console.time` tells it: `1.5ms`, `2.000s`, `1:02.000 (m:ss.mmm)`. */
export function durationText(ms: number): string {
  if (ms < SECOND) return `${Number(ms.toFixed(3))}ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(3)}s`;
  const hours = Math.floor(ms / HOUR);
  const minutes = Math.floor(ms % HOUR / MINUTE);
  const seconds = (ms % MINUTE / SECOND).toFixed(3).padStart(6, "0");
  return hours === 0
    ? `${minutes}:${seconds} (m:ss.mmm)`
    : `${hours}:${String(minutes).padStart(2, "0")}:${seconds} (h:mm:ss.mmm)`;
}
