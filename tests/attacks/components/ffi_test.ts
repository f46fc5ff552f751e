/**
 * The native library in the hands of a host that makes mistakes, and processes that end at the worst time.
 * What Rust can tell by itself, `ffi/native/tests/abi.rs` does.
 */
import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
  assertTrue,
} from "../../support/assert.ts";
import { CACHE, project, ROOT, warmEngines } from "../../support/support.ts";
import { libraryPath } from "../../../install/installation.ts";
import { CapsuleError } from "../../../errors/error.ts";
import { openLibrary } from "../../../ffi/binding.ts";
import { ABI_VERSION, STATUS, symbols } from "../../../ffi/symbols.ts";

const encoder = new TextEncoder();

Deno.test("null, invented, closed and doubly freed handles return a status and an error", () => {
  using folder = project();
  const library = Deno.dlopen(libraryPath(), symbols).symbols;
  const id = new Uint8Array(8);
  const error = new Uint8Array(16);
  const config = encoder.encode(
    JSON.stringify({ cache_folder: `${folder.path}/cache`, engines: {} }),
  );
  const open = () => {
    const length = BigInt(config.length);
    assertEquals(library.capsule_runtime_new(config, length, id, error), STATUS.ok);
    return new DataView(id.buffer).getBigUint64(0, true);
  };
  const freed = open();
  library.capsule_runtime_free(freed);
  library.capsule_runtime_free(freed);
  const runtime = open();
  assertTrue(runtime !== freed, "numbers are not used again");

  const { capsule_runtime_submit: submit, capsule_runtime_grant: grant } = library;
  type Output = Uint8Array<ArrayBuffer> | null;
  type Call = (runtime: bigint, text: Output, length: bigint, id: Output, error: Output) => number;
  const calls: Call[] = [
    grant,
    (runtime, text, length, id, error) => submit(runtime, text, length, null, 0n, id, error),
    (runtime, text, length, id, error) => submit(runtime, text, length, text, length, id, error),
  ];
  const text = encoder.encode("{}");
  for (const made of [0n, freed, 2n ** 64n - 1n]) {
    for (const call of calls) {
      assertEquals(call(made, text, 2n, id, error), STATUS.notFound);
      assertStringIncludes(take(library, error), "no runtime");
      assertEquals(call(made, text, 2n, null, null), STATUS.notFound);
    }
    assertEquals(
      library.capsule_runtime_load(made, text, 2n, text, 0n, id, error),
      STATUS.notFound,
    );
    take(library, error);
    assertEquals(library.capsule_runtime_cancel(made, 1n), STATUS.notFound);
    assertEquals(library.capsule_runtime_unload(made, 1n), STATUS.notFound);
  }

  // Null for what must be there, and outputs that nobody wants.
  for (const call of calls) {
    assertEquals(call(runtime, null, 5n, null, null), STATUS.invalidArgument);
    assertEquals(call(runtime, text, 2n, null, null), STATUS.invalidArgument);
    for (const bytes of ["\0", "\xff", "[", "5", '{"grant": -1}', '{"grant": 1e99}']) {
      const raw = Uint8Array.from(bytes, (c) => c.charCodeAt(0));
      assertEquals(call(runtime, raw, BigInt(raw.length), id, error), STATUS.invalidArgument);
      assertTrue(take(library, error).length > 0, bytes);
    }
  }
  assertEquals(library.capsule_runtime_load(runtime, null, 0n, null, 0n, null, null), 1);
  assertEquals(library.capsule_runtime_cancel(runtime, 999n), STATUS.notFound);
  assertEquals(library.capsule_runtime_unload(runtime, 999n), STATUS.notFound);
  library.capsule_buffer_free(0n, 0n);
  library.capsule_buffer_free(0n, 99n);
  library.capsule_runtime_free(runtime);
});

Deno.test("null, invented and closed handles of databases, digests and paths return a status", () => {
  using folder = project({ "file.txt": "12345" });
  const library = Deno.dlopen(libraryPath(), symbols).symbols;
  const id = new Uint8Array(8);
  const [rows, error] = [new Uint8Array(16), new Uint8Array(16)];
  const path = encoder.encode(`${folder.path}/some.db`);
  const open = () => {
    const length = BigInt(path.length);
    assertEquals(library.capsule_database_open(path, length, id, error), STATUS.ok);
    return new DataView(id.buffer).getBigUint64(0, true);
  };
  const batch = encoder.encode(`[{"sql": "SELECT 1 AS one", "values": [[]]}]`);
  const length = BigInt(batch.length);
  const closed = open();
  library.capsule_database_close(closed);
  library.capsule_database_close(closed);
  const database = open();
  for (const made of [0n, closed, 2n ** 64n - 1n]) {
    assertEquals(library.capsule_database_submit(made, batch, length, error), STATUS.notFound);
    assertStringIncludes(take(library, error), "no database");
    assertEquals(library.capsule_database_take(made, rows, error), STATUS.notFound);
    take(library, error);
    library.capsule_database_close(made);
  }
  assertEquals(library.capsule_database_submit(database, null, 5n, null), STATUS.invalidArgument);
  for (
    const text of [
      "",
      "{",
      "{}",
      "[5]",
      `[{"values": []}]`,
      `[{"sql": 1}]`,
      `[{"sql": "", "x": 1}]`,
    ]
  ) {
    const raw = encoder.encode(text);
    const status = library.capsule_database_submit(database, raw, BigInt(raw.length), error);
    assertEquals(status, STATUS.invalidArgument, text);
    assertTrue(take(library, error).length > 0, text);
  }
  // What was refused left no batch behind.
  assertEquals(library.capsule_database_take(database, rows, error), STATUS.invalidArgument);
  take(library, error);
  assertEquals(library.capsule_database_submit(database, batch, length, error), STATUS.ok);
  assertEquals(library.capsule_database_take(database, rows, error), STATUS.ok);
  assertEquals(take(library, rows), `[[{"one":1}]]`);
  assertEquals(library.capsule_database_submit(database, batch, length, null), STATUS.ok);
  assertEquals(library.capsule_database_take(database, null, null), STATUS.invalidArgument);
  library.capsule_database_close(database);

  assertEquals(library.capsule_sha256(null, 5n, new Uint8Array(32)), STATUS.invalidArgument);
  assertEquals(library.capsule_sha256(null, 0n, null), STATUS.invalidArgument);
  const stat = new Uint8Array(64);
  const statOf = (text: string) => {
    const raw = encoder.encode(text);
    return library.capsule_stat(raw, BigInt(raw.length), stat);
  };
  assertEquals(library.capsule_stat(null, 5n, stat), STATUS.invalidArgument);
  for (const missing of ["none", "file.txt/below", ""]) {
    assertEquals(statOf(missing && `${folder.path}/${missing}`), STATUS.notFound, missing);
  }
  assertEquals(statOf("with\0NUL"), STATUS.failed);
  assertEquals(statOf("x".repeat(5000)), STATUS.failed);
  assertEquals(statOf(`${folder.path}/file.txt`), STATUS.ok);
  const info = Deno.statSync(`${folder.path}/file.txt`);
  const [kind, size, ino, modified, changed, ...access] = new Float64Array(stat.buffer);
  assertEquals([kind, size, ino, modified], [1, 5, info.ino, info.mtime?.getTime()]);
  assertEquals(access, [info.uid, info.gid, info.mode! & 0o7777]);
  // Deno knows the second alone.
  assertEquals(Math.floor(changed! / 1000), Math.floor(info.ctime!.getTime() / 1000));
});

/** The text of an error, which is freed. */
function take(library: Deno.DynamicLibrary<typeof symbols>["symbols"], error: Uint8Array): string {
  const view = new DataView(error.buffer);
  const address = view.getBigUint64(0, true);
  const pointer = Deno.UnsafePointer.create(address);
  const length = view.getBigUint64(8, true);
  if (pointer === null) return "";
  const bytes = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, Number(length)));
  const text = new TextDecoder().decode(bytes);
  library.capsule_buffer_free(address, length);
  error.fill(0);
  return text;
}

Deno.test("a library of another version is refused, and the error names both versions", async () => {
  using folder = project({
    // An older one, which lacks what came later.
    "old.c": "unsigned capsule_abi_version(void) { return 1; }",
    "new.c": [
      "unsigned capsule_abi_version(void) { return 99; }",
      ...Object.keys(symbols).filter((name) => name !== "capsule_abi_version")
        .map((name) => `unsigned ${name}(void) { __builtin_trap(); }`),
    ].join("\n"),
    "none.c": "int capsule(void) { return 1; }",
  });
  for (
    const [name, says] of [
      ["old", `its ABI is version 1, not ${ABI_VERSION}`],
      ["new", `its ABI is version 99, not ${ABI_VERSION}`],
      ["none", "Cannot load the native library"],
    ] as const
  ) {
    const library = `${folder.path}/${name}.so`;
    const { success, stderr } = await new Deno.Command("cc", {
      args: ["-shared", "-fPIC", "-o", library, `${folder.path}/${name}.c`],
    }).output();
    assertTrue(success, new TextDecoder().decode(stderr));
    const error = assertThrows(() => openLibrary(library), CapsuleError, says);
    assertEquals(error.code, "installation");
    assertStringIncludes(error.message, library);
  }
});

/** How a host ends while its tasks compute, sleep, print and call. */
const ENDS: Record<string, { code: string; status: number; says?: string }> = {
  "exits": { code: "Deno.exit(7);", status: 7 },
  "throws": { code: 'throw new Error("mine");', status: 1, says: "mine" },
  "rejects": { code: 'Promise.reject(new Error("mine"));', status: 1, says: "mine" },
  "closes the runtime and exits": { code: "closeRuntime(); Deno.exit(7);", status: 7 },
  "exits at an event": { code: "atEvent = () => Deno.exit(7);", status: 7 },
};

Deno.test("a process that exits while tasks run ends at once, with its own exit code", async () => {
  await warmEngines();
  using folder = project();
  const children = Object.entries(ENDS).map(async ([what, { code, status, says = "" }], number) => {
    const file = folder.write(
      `host${number}.ts`,
      `import { open } from "${ROOT}runner.ts";
      import { closeRuntime } from "${ROOT}runner/runtime.ts";
      let atEvent = () => {};
      for (const program of [
        { language: "python", code: ${JSON.stringify(BUSY)} },
        { language: "typescript", code: \`import { task } from "@capsule/sdk";
          task({ name: "main", compute: "HIGH" }, () => { for (;;); });\` },
      ]) {
        const opened = await open(program);
        for (let n = 0; n < 10; n++) opened.call("main", [n % 4], { onEvent: () => atEvent() });
      }
      // One that still loads.
      open({ language: "typescript", code: "for (;;);" });
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.error("ends");
      ${code}
      await new Promise((resolve) => setTimeout(resolve, 20_000));`,
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`, file],
      env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let told = "";
    let ended = 0;
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (ended === 0 && told.includes("ends")) ended = performance.now();
    }
    const { code: exit, signal } = await child.status;
    const took = performance.now() - ended;
    assertEquals([exit, signal], [status, null], `${what}: ${told}`);
    assertStringIncludes(told, says);
    assertEquals(/panicked|core dumped|fault of Capsule/.test(told), false, told);
    assertTrue(took < 3000, `${what}: ${took} ms`);
  });
  await Promise.all(children);
});

const BUSY = `import time
from capsule import task
@task
def child(): time.sleep(1e9)
@task(compute="HIGH")
def main(kind):
    if kind == 0: time.sleep(1e9)
    if kind == 1: child()
    while True:
        if kind == 2: print("x" * 1000)`;
