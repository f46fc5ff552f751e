import promises from "./timers_promises.ts";

const { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } =
  globalThis;

// For `util.promisify`.
const promisified = Symbol.for("nodejs.util.promisify.custom");
Object.defineProperty(setTimeout, promisified, { value: promises.setTimeout });
Object.defineProperty(setImmediate, promisified, { value: promises.setImmediate });

export {
  clearImmediate,
  clearInterval,
  clearTimeout,
  promises,
  setImmediate,
  setInterval,
  setTimeout,
};
export default {
  clearImmediate,
  clearInterval,
  clearTimeout,
  promises,
  setImmediate,
  setInterval,
  setTimeout,
};
