import { assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { type Envelope, task, TaskError, unwrap } from "@capsule/sdk";

const none = {
  sandboxed: false,
  duration_ms: 0,
  retries: 0,
  fuel_consumed: 0,
  ram_used: 0,
  host_requests: [],
};

Deno.test("a task called on the host runs the plain function and gives an envelope", async () => {
  const double = task({ name: "double" }, (n: number) => 2 * n);
  const execution = { task_name: "double", ...none };
  assertEquals(double(21).result, 42);
  assertEquals(await double(21), { success: true, result: 42, error: null, execution });
  assertEquals(double.fn(4), 8);
  assertEquals([double.name, double.taskName], ["double", "double"]);
});

Deno.test("a task that throws on the host is contained", async () => {
  const fail = task({ name: "fail" }, () => {
    throw new RangeError("too far");
  });
  const envelope = await fail();
  assertEquals(envelope.success, false);
  assertEquals(envelope.error?.error_type, "task_error");
  assertEquals(envelope.error?.message, "RangeError: too far");
  assertEquals(envelope.error?.stack?.includes("task_test.ts"), true);
});

Deno.test("a call stands for its envelope when spread and when written as JSON", () => {
  const call = task({ name: "one" }, () => 1)();
  const expected = {
    success: true,
    result: 1,
    error: null,
    execution: { task_name: "one", ...none },
  };
  assertEquals({ ...call }, expected);
  assertEquals(JSON.parse(JSON.stringify(call)), expected);
  assertEquals(JSON.parse(JSON.stringify({ nested: [call] })), { nested: [expected] });
});

Deno.test("an asynchronous call is awaited, and cannot be waited for on the host", async () => {
  const later = task({ name: "later" }, async (n: number) => {
    await Promise.resolve();
    return n;
  });
  const call = later(3);
  assertThrows(() => call.result, Error, "await the call first");
  assertEquals(unwrap(await call), 3);
  assertEquals(call.result, 3);
  const all = await Promise.all([later(1), later(2)]);
  assertEquals(all.map(unwrap), [1, 2]);
});

Deno.test("unwrap() throws TaskError with type and message", async () => {
  const envelope: Envelope<number> = {
    success: false,
    result: null,
    error: { error_type: "timeout", message: "too slow", stack: "at x" },
    execution: { task_name: "x", ...none },
  };
  const error = assertThrows(() => unwrap(envelope), TaskError, "too slow");
  assertEquals([error.errorType, error.taskStack], ["timeout", "at x"]);
  await assertRejects(() => Promise.resolve().then(() => unwrap(envelope)), TaskError);
});

Deno.test("task() says how it is called", () => {
  // @ts-expect-error: the options are missing
  assertThrows(() => task(() => 1), TypeError, "takes its options first");
  // @ts-expect-error: the name is missing
  assertThrows(() => task({}, () => 1), TypeError, "takes its options first");
  // @ts-expect-error: the function is missing
  assertThrows(() => task({ name: "x" }), TypeError, "takes its function second");
});

Deno.test("types: a call takes the arguments of its function and gives its result", () => {
  const length = task({ name: "length" }, (text: string, _add = 0) => text.length);
  const call = length("abc");
  const result: number | null = call.result;
  assertEquals(result, 3);
  const asynchronous = task({ name: "asynchronous" }, () => Promise.resolve({ a: 1 }));
  const shape: Envelope<{ a: number }> | undefined = undefined as
    | Awaited<ReturnType<typeof asynchronous>>
    | undefined;
  assertEquals(shape, undefined);
  // @ts-expect-error: a number is no text
  length(5);
  // @ts-expect-error: there is no such option
  task({ name: "x", memory: "1MB" }, () => 1);
});
