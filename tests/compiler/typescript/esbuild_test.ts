/** esbuild as a process that stays, which bundles what it is handed. */
import {
  decodePacket,
  encodePacket,
  PacketDecoder,
} from "../../../compiler/typescript/esbuild/packet.ts";
import { compile } from "../../support/compile.ts";
import { SDK_NAMES } from "../../../compiler/typescript/engine_modules.ts";
import * as hostSdk from "../../../mod.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
  assertTrue,
} from "../../support/assert.ts";
import { childrenOf, eventually } from "../../support/processes.ts";
import { project, ROOT } from "../../support/support.ts";

const PROGRAMS = {
  "the SDK": `import { task, unwrap } from "@capsule/sdk"; console.log(task, unwrap);`,
  "all of the SDK": `import * as sdk from "jsr:@capsule/sdk@1"; export { sdk };`,
  "Node's modules":
    `import fs, { readFileSync } from "node:fs"; import 'path'; console.log(fs, readFileSync, require("os"));`,
  "files that import more": `import { two } from "./two.ts"; export const three = two + 1;`,
  "a package": `import one from "one"; console.log(one);`,
};

const FILES = {
  "two.ts":
    `import { sep } from "path"; import { one } from "./one"; export const two = one + sep.length;`,
  "one.ts": `export const one = 1 satisfies number;`,
  "node_modules/one/package.json": `{ "name": "one", "main": "index.cjs" }`,
  "node_modules/one/index.cjs": `module.exports = require("util").inspect(1);`,
};

/** What a program becomes in a process that bundles nothing else. */
async function compiledAlone(code: string, root: string): Promise<unknown> {
  const script = `import { compile } from "${ROOT}tests/support/compile.ts";
    const { program, inputs } = await compile(JSON.parse(Deno.args[0]));
    console.log(JSON.stringify({ program, inputs: inputs.toSorted() }));`;
  const source = JSON.stringify({ code, language: "javascript", root });
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", `--config=${ROOT}deno.json`, script, source],
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

function services(): number[] {
  return childrenOf(Deno.pid).filter((id) => {
    try {
      return Deno.readTextFileSync(`/proc/${id}/cmdline`).includes("--service");
    } catch {
      return false;
    }
  });
}

/** The service outlives a test: it ends when it was not needed for some seconds. */
const lasting = { sanitizeResources: false, sanitizeOps: false };

Deno.test("a program is the same whatever the service has bundled before", lasting, async () => {
  using app = project(FILES);
  for (const [name, code] of Object.entries(PROGRAMS)) {
    const source = { code, language: "javascript", root: app.path } as const;
    const alone = await compiledAlone(code, app.path);
    await compile(source);
    const { program, inputs } = await compile(source);
    const found = JSON.parse(JSON.stringify({ program, inputs: inputs.toSorted() }));
    assertEquals(found, alone, name);
    // What is plain needs none.
    assertTrue(services().length <= 1, name);
  }
});

Deno.test("errors have file, line and column", lasting, async () => {
  using app = project();
  const wrong = (code: string) => () => compile({ code, language: "javascript", root: app.path });
  await assertRejects(wrong("const a = ;"), Error, `Unexpected ";"`);
  const error = await assertRejects(wrong(`import "absent";`), Error, `Could not resolve "absent"`);
  assertStringIncludes(error.message, "code.ts:1:7");
  await assertRejects(wrong(`import "https://example.com/x.ts";`), Error, "from the web");
  await assertRejects(wrong(`import { absent } from "@capsule/sdk"; absent();`), Error, "absent");
});

Deno.test("a killed service is started again", lasting, async () => {
  using app = project();
  // With something that esbuild alone can make.
  const source = { code: "enum A { B }", language: "javascript", root: app.path } as const;
  for (let round = 0; round < 3; round++) {
    await compile(source);
    const [service] = services();
    const compiling = Array.from({ length: 20 }, () => compile(source));
    Deno.kill(service!, "SIGKILL");
    for (const { program } of await Promise.all(compiling)) assertEquals(program.name, "code.ts");
    await eventually(() => services().every((id) => id !== service));
  }
});

Deno.test("concurrent builds use one service, which prints nothing", lasting, async () => {
  using app = project();
  const script = `import { compile } from "${ROOT}tests/support/compile.ts";
    const bundle = async (n) => {
      const source = { code: "enum A {} console.log(" + n + ")", language: "javascript", root: Deno.args[0] };
      const { program } = await compile(source);
      return new TextDecoder().decode(program.files[0].data).includes("(" + n + ")");
    };
    await bundle(0), await bundle(1);
    const right = await Promise.all(Array.from({ length: 200 }, (_, n) => bundle(n)));
    console.log(right.every(Boolean));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", `--config=${ROOT}deno.json`, script, app.path],
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(new TextDecoder().decode(stdout), "true\n");
});

Deno.test("a large program is bundled in time", lasting, async () => {
  using app = project({ "large.txt": "x".repeat(20 << 20) });
  const source = { language: "javascript", root: app.path } as const;
  await compile({ ...source, code: "enum A {}" });
  const code = `import text from "./large.txt" with { type: "text" }; console.log(text);`;
  let isCompiled = false;
  const large = compile({ ...source, code }).finally(() => isCompiled = true);
  await eventually(() => services().length === 2);
  await compile({ ...source, code: "enum B {}" });
  assertTrue(!isCompiled, "it took longer than the large one");
  const { program } = await large;
  assertTrue(program.files[0]!.data.length > 20 << 20, `${program.files[0]!.data.length} bytes`);
  await eventually(() => services().length <= 1);
});

Deno.test({
  name: "an endless file is not read",
  ignore: Deno.build.os !== "linux",
  ...lasting,
  async fn() {
    using app = project();
    const code = `import zeroes from "/dev/zero" with { type: "text" }; console.log(zeroes);`;
    const source = { code, language: "javascript", root: app.path } as const;
    const error = await assertRejects(() => compile(source));
    assertEquals(error.message, 'code.ts:1:21: Cannot read "/dev/zero": it is not a regular file');
    // Whoever bundles meanwhile or later is served.
    const { program } = await compile({ ...source, code: "console.log(1)" });
    assertStringIncludes(new TextDecoder().decode(program.files[0]!.data), "console.log(1)");
  },
});

Deno.test("packets are cut wherever the stream is, and refused where they end too early", () => {
  const value = { list: [null, true, 5, "é"], bytes: Uint8Array.of(1, 2) };
  const packet = encodePacket({ id: 7, isAnswer: true, value });
  const decoder = new PacketDecoder();
  for (const size of [1, 3, packet.length, 2 * packet.length]) {
    const stream = new Uint8Array([...packet, ...packet]);
    const packets: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) {
      packets.push(...decoder.push(stream.slice(at, at + size)));
    }
    assertEquals(packets.length, 2);
    for (const found of packets) {
      assertEquals(decodePacket(found), { id: 7, isAnswer: true, value });
    }
  }
  for (let length = 4; length < packet.length - 4; length++) {
    assertThrows(() => decodePacket(packet.slice(4, 4 + length)));
  }
  const request = encodePacket({ id: 7, isAnswer: false, value });
  assertEquals(decodePacket(request.slice(4)), { id: 7, isAnswer: false, value });
});

Deno.test("the compiler knows all that the SDK exports, on hosts as in sandboxes", async () => {
  const code =
    `import { task } from "@capsule/sdk"; const find = globalThis[Symbol.for("capsule.import")];
    export const main = task({ name: "main" }, () => Object.keys(find("@capsule/sdk")));`;
  const { result } = await hostSdk.run<string[]>({ code, language: "typescript" });
  assertEquals(result?.toSorted(), SDK_NAMES.toSorted());
  assertEquals(Object.keys(hostSdk).toSorted(), SDK_NAMES.toSorted());
});
