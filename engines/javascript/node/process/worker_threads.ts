/** `node:worker_threads` for a single thread. Other exports throw when they are used. */
import { partly } from "../unavailable.ts";

const { MessageChannel, MessagePort } = globalThis;

const marked = new WeakSet<object>();

export default partly("worker_threads", {
  getEnvironmentData: () => undefined,
  isMainThread: true,
  isMarkedAsUntransferable: (value: object) => marked.has(value),
  markAsUncloneable: () => {},
  markAsUntransferable: (value: object) => void marked.add(value),
  MessageChannel,
  MessagePort,
  parentPort: null,
  resourceLimits: {},
  setEnvironmentData: () => {},
  threadId: 0,
  workerData: null,
});
