/**
 * WeakRef, which keeps its target to the end of the current job as the language says. QuickJS would let it
 * go as soon as nobody else has it, between two words of one expression.
 */
import { define } from "./define.ts";

const Native = globalThis.WeakRef;
let kept: WeakKey[] = [];

function keep<T extends WeakKey>(target: T): T {
  if (kept.push(target) === 1) {
    queueMicrotask(() => {
      kept = [];
    });
  }
  return target;
}

class WeakRef<T extends WeakKey> extends Native<T> {
  constructor(target: T) {
    super(target);
    keep(target);
  }

  override deref(): T | undefined {
    const target = super.deref();
    return target === undefined ? undefined : keep(target);
  }
}

define({ WeakRef });
