/**
 * `node:async_hooks`. QuickJS has no hooks for promises: a store is kept in synchronous code, and across `await` unless
 * another call sets a store of its own meanwhile.
 */
type Callback = (...args: unknown[]) => unknown;

const stores = new Map<AsyncLocalStorage, unknown>();

function within<R>(storage: AsyncLocalStorage, store: unknown, callback: () => R): R {
  const had = stores.has(storage);
  const before = stores.get(storage);
  const restore = () => {
    if (had) stores.set(storage, before);
    else stores.delete(storage);
  };
  stores.set(storage, store);
  let result: R;
  try {
    result = callback();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as R;
  restore();
  return result;
}

class AsyncLocalStorage<T = unknown> {
  readonly name: string;
  readonly #default: T | undefined;

  constructor(options: { name?: string; defaultValue?: T } = {}) {
    this.name = options.name ?? "";
    this.#default = options.defaultValue;
  }

  static bind<F extends Callback>(fn: F): F {
    const run = AsyncLocalStorage.snapshot();
    return function (this: unknown, ...args: unknown[]) {
      return run(() => fn.apply(this, args));
    } as F;
  }

  static snapshot(): (callback: Callback, ...args: unknown[]) => unknown {
    const captured = [...stores];
    return (callback, ...args) =>
      captured.reduceRight<() => unknown>(
        (inner, [storage, store]) => () => within(storage, store, inner),
        () => callback(...args),
      )();
  }

  getStore(): T | undefined {
    return stores.has(this) ? stores.get(this) as T : this.#default;
  }

  run<R>(store: T, callback: (...args: unknown[]) => R, ...args: unknown[]): R {
    return within(this, store, () => callback(...args));
  }

  exit<R>(callback: (...args: unknown[]) => R, ...args: unknown[]): R {
    return within(this, undefined, () => callback(...args));
  }

  enterWith(store: T): void {
    stores.set(this, store);
  }

  disable(): void {
    stores.delete(this);
  }
}

let nextId = 1;

class AsyncResource {
  readonly type: string;
  readonly #id = nextId++;
  readonly #run = AsyncLocalStorage.snapshot();

  constructor(type: string) {
    this.type = type;
  }

  static bind<F extends Callback>(fn: F, type = "bound-anonymous-fn"): F {
    return new AsyncResource(type).bind(fn);
  }

  bind<F extends Callback>(fn: F): F {
    return ((...args: unknown[]) => this.runInAsyncScope(fn, undefined, ...args)) as F;
  }

  runInAsyncScope(fn: Callback, receiver?: unknown, ...args: unknown[]): unknown {
    return this.#run(() => fn.apply(receiver, args));
  }

  asyncId(): number {
    return this.#id;
  }

  triggerAsyncId(): number {
    return 0;
  }

  emitDestroy(): this {
    return this;
  }
}

const hook = { enable: () => hook, disable: () => hook };

export { AsyncLocalStorage, AsyncResource };
export default {
  AsyncLocalStorage,
  AsyncResource,
  createHook: () => hook,
  executionAsyncId: () => 1,
  executionAsyncResource: () => ({}),
  triggerAsyncId: () => 0,
};
