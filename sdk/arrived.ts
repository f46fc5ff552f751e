/**
 * The type of a result for the caller of a task. Results are sent as JSON: a `Date` becomes a string, methods and undefined
 * members are left out, and a result of `undefined` becomes null. A type without JSON becomes `never`.
 */
export type Arrived<T> = unknown extends T ? T
  : T extends string | number | boolean | null | Uint8Array ? T
  : T extends undefined | void ? null
  : T extends { toJSON(key?: string): infer J } ? Arrived<J>
  : T extends Unsent | bigint ? never
  : T extends readonly unknown[] ? { [I in keyof T]: Arrived<Exclude<T[I], Unsent>> | Gap<T[I]> }
  : Members<
    & {
      [K in keyof T as K extends symbol ? never : IsSent<T[K]> extends true ? K : never]: Arrived<
        T[K]
      >;
    }
    & {
      [
        K in keyof T as K extends symbol ? never : IsSent<T[K]> extends "perhaps" ? K : never
      ]?: Arrived<
        Exclude<T[K], Unsent | undefined>
      >;
    }
  >;

/** Types that JSON leaves out. */
// deno-lint-ignore ban-types
type Unsent = Function | symbol;

/** In an array, JSON writes null for them. */
type Gap<T> = Extract<T, Unsent> extends never ? never : null;

/** Whether JSON contains a member of this type. */
type IsSent<T> = unknown extends T ? true
  : [Extract<T, Unsent | undefined>] extends [never] ? true
  : [Exclude<T, Unsent | undefined>] extends [never] ? false
  : "perhaps";

/** Merges an intersection into one object type. */
type Members<T> = { [K in keyof T]: T[K] };
