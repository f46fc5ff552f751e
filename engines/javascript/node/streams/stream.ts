/** `node:stream`: that of jco, with support for web streams. */
import stream from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/stream";

/** Internal fields of a stream of web-streams-polyfill. */
interface State {
  _disturbed: boolean;
  _state: "readable" | "closed" | "errored" | "writable";
}

type Look = (value: unknown) => boolean | null;

function isOfWeb(value: unknown): value is State {
  const { ReadableStream, WritableStream } = globalThis;
  return value instanceof ReadableStream || value instanceof WritableStream;
}

function looking(look: Look, ofWeb: (state: State) => boolean): Look {
  return (value) => isOfWeb(value) ? ofWeb(value) : look(value);
}

const { finished } = stream;
type Done = (error?: unknown) => void;

/** Calls back at the end of a stream or a web stream. */
function finishedOfAny(value: unknown, ...args: unknown[]): () => void {
  if (!isOfWeb(value)) return finished(value as never, ...args as [() => void]);
  let done = args.at(-1) as Done | undefined;
  let state = value._state;
  const tell = () => {
    if (state !== "closed" && state !== "errored") return;
    done?.(
      state === "errored" ? (value as unknown as { _storedError: unknown })._storedError : null,
    );
    done = undefined;
  };
  Object.defineProperty(value, "_state", {
    get: () => state,
    set(next) {
      state = next;
      queueMicrotask(tell);
    },
    configurable: true,
    enumerable: true,
  });
  tell();
  return () => {
    done = undefined;
  };
}

Object.assign(stream, {
  finished: finishedOfAny,
  isDisturbed: looking(stream.isDisturbed as Look, ({ _disturbed }) => _disturbed),
  isErrored: looking(stream.isErrored as Look, ({ _state }) => _state === "errored"),
  isReadable: looking(stream.isReadable as Look, ({ _state }) => _state === "readable"),
});

export default stream;
