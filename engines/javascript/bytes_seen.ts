/**
 * Tells whether `JSON.stringify` came upon bytes, for which it asks every object for its `toJSON` anyway: values
 * without bytes cost nothing more.
 */
import { bytesOf } from "../../sdk/bytes.ts";
import { Buffer } from "./node/buffer.ts";

// A program may replace what it likes: the engine keeps what it needs.
const { defineProperty } = Object;
const { apply } = Reflect;

/** Ends `JSON.stringify`, which would write each byte as a number. */
const SEEN = {};

let isWatching = false;
let isSeen = false;

/** Runs what calls `JSON.stringify`. Returns whether that came upon bytes, and was ended there. */
export function bytesSeen(write: () => void): boolean {
  // A getter of a value may call a task.
  const wasWatching = isWatching;
  const wasSeen = isSeen;
  isWatching = true;
  isSeen = false;
  try {
    write();
    return isSeen;
  } catch (thrown) {
    // A program's own code may have caught it, and thrown something else.
    if (isSeen) return true;
    throw thrown;
  } finally {
    isWatching = wasWatching;
    isSeen = wasSeen;
  }
}

function look(value: unknown): void {
  if (!isWatching || bytesOf(value) === undefined) return;
  isSeen = true;
  throw SEEN;
}

for (const prototype of [Uint8Array.prototype, ArrayBuffer.prototype]) {
  let own: unknown;
  defineProperty(prototype, "toJSON", {
    configurable: true,
    get() {
      look(this);
      return own;
    },
    // As if it were a usual property, which a program may set.
    set(value) {
      if (this === prototype) own = value;
      else {
        defineProperty(this, "toJSON", {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
    },
  });
}

const { toJSON } = Buffer.prototype;
Buffer.prototype.toJSON = function (...args: []) {
  look(this);
  return apply(toJSON, this, args);
};
