import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { openLibrary } from "../../ffi/binding.ts";
import { openRuntime } from "../../ffi/runtime.ts";
import { decodeEvents, encodeLoad } from "../../ffi/native.ts";
import { ABI_VERSION, STATUS, symbols } from "../../ffi/symbols.ts";
import { CapsuleError } from "../../errors/error.ts";
// It tells where the library lies.
import "../../install/installation.ts";
import { project, ROOT } from "../support/support.ts";

const header = Deno.readTextFileSync(`${ROOT}ffi/native/capsule.h`);

Deno.test("the symbols are those of the header", () => {
  const declared = [...header.matchAll(/^\w+ (capsule_\w+)\(/gm)].map(([, name]) => name).sort();
  assertEquals(Object.keys(symbols).sort(), declared);
  assertMatch(header, new RegExp(`#define CAPSULE_ABI_VERSION ${ABI_VERSION}\n`));
  const statuses = [...header.matchAll(/#define CAPSULE_(\w+) (\d+)\n/g)]
    .filter(([, name]) => name !== "ABI_VERSION")
    .map(([, , value]) => Number(value));
  assertEquals(Object.values(STATUS), statuses);
});

Deno.test("events are cut out of a batch", () => {
  const frame = (header: unknown, payload: string) => {
    const parts = [JSON.stringify(header), payload].map((text) => new TextEncoder().encode(text));
    const bytes = new Uint8Array(8 + parts[0]!.length + parts[1]!.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, parts[0]!.length, true);
    view.setUint32(4, parts[1]!.length, true);
    bytes.set(parts[0]!, 8);
    bytes.set(parts[1]!, 8 + parts[0]!.length);
    return [...bytes];
  };
  const batch = [
    ...frame({ event: "run_finished", run: 1 }, "{}"),
    ...frame({ event: "engine_compiling", language: "python" }, ""),
  ];
  const events = decodeEvents(Uint8Array.from(batch));
  assertEquals(events.map(({ event }) => event), ["run_finished", "engine_compiling"]);
  const [first] = events;
  assertEquals(first?.event === "run_finished" && [...first.payload], [0x7b, 0x7d]);
});

Deno.test("a load request lays its files one behind the other", () => {
  const data = (text: string) => new TextEncoder().encode(text);
  const { json, payload } = encodeLoad({
    language: "python",
    files: [{ path: "a.py", data: data("aa") }, { path: "b.py", data: data("b") }],
    sourceMap: data("map"),
  });
  assertEquals(new TextDecoder().decode(payload), "aabmap");
  assertEquals(JSON.parse(json).files, [{ path: "a.py", bytes: 2 }, { path: "b.py", bytes: 1 }]);
});

Deno.test("a library that is none, or of another version, is refused", () => {
  const error = assertThrows(() => openLibrary("/no/such/library.so"), CapsuleError);
  assertEquals(error.code, "installation");
  assertStringIncludes(error.message, "/no/such/library.so");
});

Deno.test("a cache folder that others may write to is refused", () => {
  using folder = project();
  Deno.chmodSync(folder.path, 0o777);
  const config = { cache_folder: folder.path, engines: {} };
  const error = assertThrows(() => openRuntime(config), CapsuleError);
  assertEquals(error.code, "installation");
  assertStringIncludes(error.message, "others may write to it");
});

Deno.test("a closed runtime has no more events", async () => {
  using folder = project();
  const config = { cache_folder: `${folder.path}/cache`, engines: {} };
  const runtime = openRuntime(config);
  const waiting = runtime.nextEvents();
  runtime.close();
  runtime.close();
  assertEquals(await waiting, undefined);
  assertEquals(await runtime.nextEvents(), undefined);
});
