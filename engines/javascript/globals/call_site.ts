/** What V8 tells of a frame of a stack and QuickJS does not: packages ask for it without looking. */

const added = {
  getEnclosingColumnNumber: () => null,
  getEnclosingLineNumber: () => null,
  getEvalOrigin: () => undefined,
  getMethodName: () => null,
  getPromiseIndex: () => null,
  getScriptNameOrSourceURL(this: { getFileName(): string }) {
    return this.getFileName();
  },
  getThis: () => undefined,
  getTypeName: () => null,
  isAsync: () => false,
  isEval: () => false,
  isPromiseAll: () => false,
  isToplevel: () => true,
};

for (const [name, value] of Object.entries(added)) {
  Object.defineProperty(prototype(), name, { value, configurable: true, writable: true });
}

/** Of all frames. QuickJS shows it only to who prepares a stack. */
function prototype(): object {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (_, frames) => frames;
  const target: { stack?: object[] } = {};
  Error.captureStackTrace(target);
  Error.prepareStackTrace = prepareStackTrace;
  return Object.getPrototypeOf(target.stack![0]);
}
