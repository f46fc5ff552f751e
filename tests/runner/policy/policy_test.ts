import { assertEquals, assertThrows } from "../../support/assert.ts";
import { CapsuleError } from "../../../errors/error.ts";
import type { Language } from "../../../ffi/native.ts";
import { policiesOf } from "../../../runner/policy/policy.ts";

function policy(options: Record<string, unknown>, language: Language = "javascript") {
  return policiesOf({ name: "main.ts", language }, [{ name: "x", options }]).x!;
}

function refused(options: Record<string, unknown>, includes: string, language?: Language) {
  const error = assertThrows(() => policy(options, language), CapsuleError, includes);
  assertEquals(error.code, "invalid_program");
  assertEquals(error.message.startsWith('main.ts: task "x": '), true, error.message);
}

Deno.test("a task without options has the defaults", () => {
  assertEquals(policy({}), {
    fuel: 2_000_000_000,
    memoryBytes: null,
    timeoutMs: null,
    maxRetries: 0,
    allowedFiles: [],
    allowedHosts: [],
    envVariables: [],
  });
});

Deno.test("compute is a preset in any case, or units of fuel", () => {
  const values = [["LOW", 1e8], ["medium", 2e9], ["High", 5e10], [1, 1], ["123", 123]] as const;
  for (const [value, fuel] of values) assertEquals(policy({ compute: value }).fuel, fuel);
  for (
    const value of [0, -1, 1.5, "1.5", "lots", "", null, true, NaN, 2 ** 53, "constructor", "-1"]
  ) {
    refused({ compute: value }, "compute: ");
  }
});

Deno.test("ram is a size in powers of 1024", () => {
  const values = [
    ["64MB", 64 * 2 ** 20],
    ["1.5 GB", 1.5 * 2 ** 30],
    ["512KiB", 512 * 2 ** 10],
    ["512kib", 512 * 2 ** 10],
    ["100", 100],
    ["100B", 100],
    [4096, 4096],
    ["4GB", 2 ** 32],
  ] as const;
  for (const [value, bytes] of values) assertEquals(policy({ ram: value }).memoryBytes, bytes);
  for (
    const value of [
      "1.5.2GB",
      "64",
      "MB",
      "64XB",
      "64M",
      "-1MB",
      "1e3MB",
      "4.1GB",
      "0MB",
      0,
      -1,
      1.5,
      NaN,
      [],
      null,
      "5GB",
      "99999999999999999999GB",
    ]
  ) {
    if (value !== "64") refused({ ram: value }, "ram: ");
  }
});

Deno.test("timeout is a time with its unit, or milliseconds", () => {
  const values = [
    ["500ms", 500],
    ["1.8s", 1800],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    [250, 250],
    [0.5, 0.5],
    ["250", 250],
  ] as const;
  for (const [value, ms] of values) assertEquals(policy({ timeout: value }).timeoutMs, ms);
  for (
    const value of ["", "s", "5 days", "-1s", "0s", 0, -5, Infinity, null, "1.2.3s", "9999999h", {}]
  ) {
    refused({ timeout: value }, "timeout: ");
  }
});

Deno.test("maxRetries is a whole number from 0 to 100", () => {
  for (const value of [0, 1, 100]) assertEquals(policy({ maxRetries: value }).maxRetries, value);
  for (const value of [-1, 1.5, 101, "3", null]) refused({ maxRetries: value }, "maxRetries: ");
});

Deno.test("allowedFiles is a list of folders, with modes", () => {
  const values: [unknown, string, boolean][] = [
    ["./data", "data", false],
    ["data/", "data", false],
    ["a/./b//c/..", "a/b", false],
    [".", ".", false],
    [{ path: "./data" }, "data", false],
    [{ path: "data", mode: "ro" }, "data", true],
    [{ path: "data", mode: "read-only" }, "data", true],
    [{ path: "data", mode: "rw" }, "data", false],
    [{ path: "data", mode: "read-write" }, "data", false],
  ];
  for (const [value, path, readOnly] of values) {
    assertEquals(policy({ allowedFiles: [value] }).allowedFiles, [{ path, readOnly }]);
  }
  for (
    const value of [
      "data",
      null,
      [""],
      [5],
      [null],
      [[]],
      ["a\0b"],
      ["../x"],
      ["a/../../x"],
      [{}],
      [{ path: "a", mode: "rx" }],
      [{ path: "a", mode: "constructor" }],
      [{ path: "a", mod: "ro" }],
    ]
  ) {
    refused({ allowedFiles: value }, "allowedFiles");
  }
});

Deno.test("allowedHosts is a list of hosts, as the URL standard spells them", () => {
  const any = { scheme: null, subdomains: false, port: null };
  const values: [string, Record<string, unknown>][] = [
    ["api.x.com", { ...any, host: "api.x.com" }],
    ["API.X.Com.", { ...any, host: "api.x.com" }],
    ["*.x.com", { ...any, host: "x.com", subdomains: true }],
    ["x.com:8080", { ...any, host: "x.com", port: 8080 }],
    ["https://api.x.com", { ...any, host: "api.x.com", scheme: "https" }],
    ["HTTP://x.com:80/", { ...any, host: "x.com", scheme: "http", port: 80 }],
    ["bücher.de", { ...any, host: "xn--bcher-kva.de" }],
    ["127.0.0.1", { ...any, host: "127.0.0.1" }],
    ["0x7f.1:81", { ...any, host: "127.0.0.1", port: 81 }],
    ["[::1]", { ...any, host: "::1" }],
    ["[0:0::1]:8080", { ...any, host: "::1", port: 8080 }],
    ["localhost", { ...any, host: "localhost" }],
    ["*", { ...any, host: null }],
  ];
  for (const [value, rule] of values) {
    assertEquals(policy({ allowedHosts: [value] }).allowedHosts, [rule], value);
  }
  for (
    const value of [
      "x.com",
      null,
      [5],
      [""],
      ["x.com/path"],
      ["x.com?q"],
      ["u:p@x.com"],
      ["a@x.com"],
      ["ftp://x.com"],
      ["x.com:0"],
      ["x.com:65536"],
      ["x.com:http"],
      ["*x.com"],
      ["x.*.com"],
      ["**.x.com"],
      ["*.127.0.0.1"],
      ["https://*"],
      ["x .com"],
      ["x.com\n"],
      ["::1"],
      ["[::1"],
      ["."],
      ["a\\b"],
      ["x%2ecom"],
    ]
  ) {
    refused({ allowedHosts: value }, "allowedHosts");
  }
});

Deno.test("envVariables is a list of names", () => {
  assertEquals(policy({ envVariables: ["A", "_b2", "A"] }).envVariables, ["A", "_b2"]);
  for (const value of ["A", null, {}, ["*"], ["A=B"], [""], ["1A"], ["A\0"], [5], ["A B"]]) {
    refused({ envVariables: value }, "envVariables");
  }
});

Deno.test("names of options are those of the language", () => {
  assertEquals(policy({ max_retries: 2 }, "python").maxRetries, 2);
  refused({ max_retries: 2 }, "max_retries: unknown option; expected one of name, compute");
  refused({ maxRetries: 2 }, "maxRetries: unknown option; expected one of name, compute", "python");
  refused({ constructor: 1, toString: 2 }, "constructor: unknown option");
});

Deno.test("names of tasks are unique, and 1 to 128 characters without control characters", () => {
  const program = { name: "main.ts", language: "javascript" as const };
  const named = (...names: unknown[]) =>
    policiesOf(program, names.map((name) => ({ name: name as string, options: {} })));
  assertEquals(
    Object.keys(named("a", "ü ✓", "x".repeat(128), "constructor", "__proto__")).length,
    5,
  );
  for (const name of ["", "x".repeat(129), "a\nb", "\u0085", 5, undefined]) {
    assertThrows(() => named(name), CapsuleError, ": name: ");
  }
  assertThrows(() => named("a", "b", "a"), CapsuleError, 'task "a": there is another task');
});
