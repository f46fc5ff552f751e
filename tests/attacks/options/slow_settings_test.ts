/** Programs whose settings and imports are made to keep the host itself busy: it answers others meanwhile. */
import { CapsuleError } from "../../../errors/error.ts";

import { assertEquals, assertTrue } from "../../support/assert.ts";
import { lateness } from "../../support/lateness.ts";
import { type Project, project, runOrThrow as run } from "../../support/support.ts";

/** esbuild's service outlives a test. */
const lasting = { sanitizeResources: false, sanitizeOps: false };
/** It is less than a tenth of this on a machine that has nothing else to do. */
const LATE_AT_MOST_MS = 3000;
const MESSAGE_LENGTH_AT_MOST = 3000;
/** Nearly as large as a settings file may be. */
const LENGTH = 900_000;

interface Attack {
  /** In the program. */
  code: string;
  files?: Record<string, string>;
  prepare?: (folder: Project) => void;
  /** What it is refused with. Undefined for one that may run. */
  refusal?: string;
}

function imports(count: number, specifier: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => `import "${specifier(index)}";`).join("\n");
}

/** A function that imports by names of which only a part is known. */
function patterns(count: number, known: (index: number) => [before: string, after: string]) {
  const calls = Array.from({ length: count }, (_, index) => {
    const [before, after] = known(index);
    return `import("${before}" + q + "${after}");`;
  });
  return `declare const q: string; export const f = () => {\n${calls.join("\n")}\n};`;
}

function many(count: number, path: (index: number) => string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [path(index), ""]));
}

function list(count: number, item: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => item(index));
}

function compilerOptions(value: unknown): Record<string, string> {
  return { "tsconfig.json": JSON.stringify({ compilerOptions: value }) };
}

const y = (length: number) => "y".repeat(length);

const ATTACKS: Record<string, Attack> = {
  "patterns that match slowly": {
    code: patterns(3, (index) => ["./l/", y(900) + index]),
    files: many(2000, (index) => `l/${y(180)}${index}.ts`),
    refusal: "more than 10000000 steps",
  },
  "patterns with many parts that are not known": {
    code: `declare const q: string; export const f = () => import(\`./l/${
      "y${q}".repeat(200)
    }z\`);`,
    files: many(2000, (index) => `l/${y(240)}${index}.ts`),
  },
  "a pattern that is longer than any path": {
    code: patterns(1, () => ["./l/", y(3000)]),
    files: { "l/a.ts": "" },
    refusal: "more than 1000 characters",
  },
  "many patterns": {
    code: patterns(400, (index) => [`./${"./".repeat(index)}l/`, ".ts"]),
    files: many(500, (index) => `l/${"z".repeat(100)}${index}.ts`),
    refusal: "more than",
  },
  "more patterns than a program has": {
    code: patterns(1500, (index) => [`./l${index}/`, ".ts"]),
    refusal: "more than 1000 imports",
  },
  "patterns in a large text": {
    code: patterns(900, (index) => [`./l${index}/`, ".ts"]) + `//${"é".repeat(1_000_000)}`,
  },
  "patterns on one line that is long": {
    code: patterns(200, (index) => [`./l${index}/`, `${"é".repeat(500)}.ts`]).replaceAll("\n", " "),
  },
  "a pattern for deep folders": {
    code: patterns(1, () => ["./l/", `/${y(900)}`]),
    files: many(300, (index) => `l/${`${y(100)}/`.repeat(8)}${index}/${y(100)}.ts`),
  },
  "many names to extend, of files": {
    code: "",
    files: { "tsconfig.json": JSON.stringify({ extends: list(60_000, (n) => `./n${n}`) }) },
    refusal: "tsconfig.json: extends: there are more than 100 names",
  },
  "many names to extend, of packages": {
    code: "",
    files: { "tsconfig.json": JSON.stringify({ extends: list(60_000, (n) => `n${n}`) }) },
    refusal: "tsconfig.json: extends: there are more than 100 names",
  },
  "a long name to extend": {
    code: "",
    files: { "tsconfig.json": JSON.stringify({ extends: `./${"x".repeat(LENGTH)}` }) },
  },
  "names to extend that the system takes none of": {
    code: "",
    files: {
      "tsconfig.json": JSON.stringify({
        extends: [`./${"x".repeat(300)}`, "x".repeat(3000), `./${"x/".repeat(LENGTH / 4)}`, "\0"],
      }),
    },
  },
  "many targets of one name": {
    code: `import "zz";`,
    files: compilerOptions({ paths: { zz: list(70_000, (index) => `x${index}`) } }),
    refusal: "tsconfig.json: compilerOptions.paths: there are more than 1000 targets",
  },
  "many mapped names": {
    code: `import "zz";`,
    files: compilerOptions({
      paths: Object.fromEntries(list(40_000, (n) => `z${n}*`).map((n) => [n, []])),
    }),
    refusal: "tsconfig.json: compilerOptions.paths: there are more than 1000 patterns",
  },
  "targets that are deep": {
    code: imports(200, (index) => `zz${index}`),
    files: compilerOptions({
      paths: { "*": list(200, (index) => `${index}/${"a/".repeat(2000)}*`) },
    }),
    refusal: "more than",
  },
  "a target without end": {
    code: imports(50, (index) => `zz${index}`),
    files: compilerOptions({ paths: { "*": [`${"a/".repeat(LENGTH / 2)}*`] } }),
    refusal: "compilerOptions.paths: a target has more than 4096 characters",
  },
  "a base without end": {
    code: imports(50, (index) => `zz${index}`),
    files: compilerOptions({ baseUrl: "a/".repeat(LENGTH / 2) }),
    refusal: "compilerOptions.baseUrl: it has more than 4096 characters",
  },
  "many files that may have effects": {
    code: `import "./a.ts";`,
    files: {
      "a.ts": "",
      "package.json": JSON.stringify({
        sideEffects: list(3500, (n) => `a/*${"a".repeat(230)}${n}`),
      }),
    },
    refusal: "package.json: sideEffects: there are more than 1000 patterns",
  },
  "files that may have effects, as patterns that match slowly": {
    code: imports(100, (index) => `./${"a".repeat(240)}${index}.ts`),
    files: {
      ...many(100, (index) => `${"a".repeat(240)}${index}.ts`),
      "package.json": JSON.stringify({ sideEffects: list(900, (n) => `${"*a".repeat(480)}b${n}`) }),
    },
  },
  "a long pattern of files that may have effects": {
    code: `import "./a.ts";`,
    files: {
      "a.ts": "",
      "package.json": JSON.stringify({ sideEffects: ["*a".repeat(LENGTH / 2)] }),
    },
    refusal: "package.json: sideEffects: a pattern has more than 1000 characters",
  },
  "many links to one large package.json": {
    code: imports(300, (index) => `./p${index}/x.ts`),
    files: {
      big: `{"exports":[${"{},".repeat(LENGTH / 3)}{}]}`,
      ...many(300, (index) => `p${index}/x.ts`),
    },
    prepare: (folder) => {
      for (let index = 0; index < 300; index++) {
        Deno.symlinkSync("../big", `${folder.path}/p${index}/package.json`);
      }
    },
    refusal: "settings have more than 16 MB",
  },
  "a package that exports much": {
    code: imports(2000, (index) => `p/${index}`),
    files: {
      "node_modules/p/package.json": JSON.stringify({
        exports: { "./*": Object.fromEntries(list(60_000, (n) => `c${n}`).map((n) => [n, "./x"])) },
      }),
    },
    refusal: "Could not resolve",
  },
  "settings larger than any": {
    code: "",
    files: { "deno.json": `{${"\n,,".repeat(1_300_000)}` },
    refusal: "larger than 1048576 bytes",
  },
  "settings that are wrong everywhere": {
    code: "",
    files: { "deno.json": `{${"\n,,".repeat(LENGTH / 3)}` },
    refusal: "deno.json:2:1",
  },
  "settings that are nested too deeply": {
    code: "",
    files: { "deno.json": `//\n${"[".repeat(LENGTH)}` },
    refusal: "deno.json",
  },
  "an import map with a long name": {
    code: "",
    files: { "deno.json": JSON.stringify({ importMap: "x".repeat(LENGTH) }) },
    refusal: "Cannot read",
  },
  "an import map whose name the system does not take": {
    code: "",
    files: { "deno.json": JSON.stringify({ importMap: "x".repeat(300) }) },
    refusal: "Cannot read",
  },
  ...Object.fromEntries(
    ["https://", "npm:", "./", "jsr:@a/", ""].map((start): [string, Attack] => [
      `a name that is mapped to a long one: ${start}`,
      {
        code: `import "zz";`,
        files: { "deno.json": JSON.stringify({ imports: { zz: start + "x".repeat(LENGTH) } }) },
        refusal: "more than 4096 characters",
      },
    ]),
  ),
  "a version without end": {
    code: `import "npm:zz@9";`,
    files: { "node_modules/zz/package.json": JSON.stringify({ version: "9".repeat(LENGTH) }) },
    refusal: "Could not resolve",
  },
  "a source of JSX without end": {
    code: `import "./x.tsx";`,
    files: {
      "x.tsx": "export default <a/>;",
      "deno.json": JSON.stringify({ compilerOptions: { jsxImportSource: "x".repeat(LENGTH) } }),
    },
    refusal: "characters",
  },
  "a message that quotes a name of many ends": {
    code: `const x = 1 "${"?".repeat(2_000_000)}";`,
    refusal: "main.ts:2",
  },
};

async function problemOf(root: string): Promise<string | undefined> {
  try {
    const { error } = await run({ file: "main.ts", cwd: root, policy: "none" });
    assertEquals(error, null);
    return undefined;
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error;
    assertEquals(error.code, "invalid_program", error.message.slice(0, 500));
    const length = error.message.length + (error.hint?.length ?? 0);
    assertTrue(length < MESSAGE_LENGTH_AT_MOST, `${length} characters`);
    return error.message;
  }
}

for (const [name, { code, files, prepare, refusal }] of Object.entries(ATTACKS)) {
  Deno.test(`the host is not kept busy by ${name}`, lasting, async () => {
    let leastMs = Infinity;
    // Another time in another folder, where nothing is kept, if the machine itself stood still.
    for (let left = 2; left > 0 && leastMs >= LATE_AT_MOST_MS; left--) {
      using folder = project({
        "main.ts": `import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);\n${code}`,
        ...files,
      });
      prepare?.(folder);
      const [problem, lateMs] = await lateness(() => problemOf(folder.path));
      leastMs = Math.min(leastMs, lateMs);
      if (refusal !== undefined) {
        assertTrue(problem?.includes(refusal) === true, `${problem}`.slice(0, 1000));
      }
    }
    assertTrue(leastMs < LATE_AT_MOST_MS, `the event loop stood still for ${leastMs} ms`);
  });
}
