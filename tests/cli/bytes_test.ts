/** Bytes on the command line: in its JSON they are base64. */
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { cli, project, warmEngines } from "../support/support.ts";

await warmEngines();

const FILES = {
  "echo.ts":
    `import { task } from "@capsule/sdk";\nexport const main = task({ name: "main" }, (...values: unknown[]) => values.length === 1 ? values[0] : values);`,
  "echo.py": `def main(*values): return values[0] if len(values) == 1 else list(values)`,
  "kind.py": `def main(value): return f"{type(value).__name__} {value!r}"`,
  "args.json": `[{ "$bytes": "AP8=" }]`,
};

Deno.test("bytes are given and shown as { $bytes: base64 }", async () => {
  using folder = project(FILES);
  const shown = async (...args: string[]) => {
    const { status, stdout, stderr } = await cli(["run", ...args], { cwd: folder.path });
    assertEquals([status, stderr], [0, ""]);
    return stdout;
  };
  const value = '[{"$bytes":"AP8="},{"$$bytes":[0,1]},{"a":{"$bytes":""}}]';
  for (const file of ["echo.ts", "echo.py"]) {
    assertEquals(JSON.parse(await shown(file, "--args-json", value)), JSON.parse(value));
    const envelope = JSON.parse(await shown(file, "--json", "--args-json", value));
    assertEquals(envelope.result, JSON.parse(value));
    assertEquals(await shown(file, "--args-file", "args.json"), '{\n  "$bytes": "AP8="\n}\n');
  }
  assertEquals(
    await shown("kind.py", "--args-json", '[{"$bytes":"AP8="}]'),
    "bytes b'\\x00\\xff'\n",
  );
  assertEquals(
    await shown("kind.py", "--args-json", '[{"$$bytes":"AP8="}]'),
    "dict {'$bytes': 'AP8='}\n",
  );
  assertEquals(
    await shown("kind.py", "--args-json", '[[{"$bytes":"AA=="},1.0,9007199254740993]]'),
    "list [b'\\x00', 1.0, 9007199254740993]\n",
  );
});

Deno.test("malformed bytes are an error that names their place", async () => {
  using folder = project({ ...FILES, "bad.json": `[{ "a": [{ "$bytes": "no!!" }] }]` });
  const cases = [
    [
      ["--args-json", '[1, {"a": {"$bytes": 5}}]'],
      'error: --args-json: args[1].a: "$bytes" must be a string of base64 (got number)',
    ],
    [
      ["--args-json", '[{"$bytes": "AAA"}]'],
      'error: --args-json: args[0]: "$bytes" is not base64 with padding',
    ],
    [
      ["--args-file", "bad.json"],
      'error: bad.json: args[0].a[0]: "$bytes" is not base64 with padding',
    ],
  ] as const;
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await cli(["run", "echo.ts", ...args], { cwd: folder.path });
    assertEquals([status, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
    assertStringIncludes(stderr, 'hint: bytes are { "$bytes": "AAEC" }');
  }
});
