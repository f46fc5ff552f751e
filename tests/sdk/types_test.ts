/** What the compiler knows of tasks. That this file compiles is the test. */
import { assertEquals } from "../support/assert.ts";
import { type Arrived, type RunOptions, type Task, task, unwrap } from "@capsule/sdk";

/** Whether two types are one. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function same<A, B>(_: Same<A, B>): void {}

Deno.test("parameters of a task have their types, with default values too", async () => {
  const greet = task({ name: "greet" }, (name = "world") => name.toUpperCase());
  const add = task({ name: "add" }, (a: number, b = 2) => a + b);
  const later = task({ name: "later" }, async (text: string, ...more: number[]) => {
    await Promise.resolve();
    return text.length + more.length;
  });
  assertEquals(unwrap(await greet()), "WORLD");
  assertEquals(unwrap(await add(1)), 3);
  assertEquals(unwrap(await later("ab", 1)), 3);
  same<Parameters<typeof greet>, [name?: string | undefined]>(true);
  same<Parameters<typeof add>, [a: number, b?: number | undefined]>(true);
  const typed: Task<[string, ...number[]], number> = later;
  assertEquals(await typed.fn("x"), 1);
  // @ts-expect-error a wrong argument
  add("x");
  // @ts-expect-error too many
  greet("x", 1);
});

Deno.test("a result has the type that it arrives with", async () => {
  const day = task(
    { name: "day" },
    () => ({ at: new Date(0), list: [new Date(0)], no: undefined, maybe: maybe(1) }),
  );
  function maybe(n: number): number | undefined {
    return n;
  }
  type Day = { at: string; list: string[]; maybe?: number };
  const { result } = await day();
  same<typeof result, Day | null>(true);
  same<Arrived<Date>, string>(true);
  same<Arrived<void>, null>(true);
  same<Arrived<unknown>, unknown>(true);
  type Given = { a?: number; b: () => void; readonly c: [1, "x"]; d: unknown };
  same<Arrived<Given>, { readonly c: [1, "x"]; d: unknown; a?: number }>(true);
  same<Arrived<{ toJSON(): { when: Date } }>, { when: string }>(true);
  same<Arrived<bigint>, never>(true);
  same<Arrived<string | undefined>, string | null>(true);
  same<Arrived<Uint8Array>, Uint8Array>(true);
  same<Arrived<(() => void)[]>, null[]>(true);
  const either = task({ name: "either" }, (n: number) => n > 0 ? n : "none");
  const got: number | string = unwrap(await either(1));
  assertEquals(got, 1);
});

Deno.test("a program is either a file or code with its language", () => {
  const options: RunOptions[] = [
    { file: "main.py" },
    { code: "1", language: "python", limits: { timeout: "1s" } },
    // @ts-expect-error neither
    {},
    // @ts-expect-error both
    { file: "main.py", code: "1", language: "python" },
    // @ts-expect-error no language
    { code: "1" },
    // @ts-expect-error no such language
    { code: "1", language: "ts" },
    // @ts-expect-error no such option
    { file: "main.py", timeout: "1s" },
    // @ts-expect-error arguments are a list
    { file: "main.py", args: "a" },
  ];
  assertEquals(options.length, 8);
});
