/**
 * A result as it arrives at whoever called the task: values travel as JSON, so a `Date` arrives as a string, methods and
 * members that are undefined do not arrive, and `undefined` alone is null. What has no JSON is `never`.
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

/** What JSON leaves out. */
// deno-lint-ignore ban-types
type Unsent = Function | symbol;

/** In a list, what JSON leaves out is null. */
type Gap<T> = Extract<T, Unsent> extends never ? never : null;

/** Whether a member is sent. */
type IsSent<T> = unknown extends T ? true
  : [Extract<T, Unsent | undefined>] extends [never] ? true
  : [Exclude<T, Unsent | undefined>] extends [never] ? false
  : "perhaps";

/** One object type. */
type Members<T> = { [K in keyof T]: T[K] };
