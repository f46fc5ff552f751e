/**
 * Random projects whose confined programs try to have files read that they are not given. Run as a program, it makes some
 * and compiles each between two marks that a trace of system calls shows.
 *
 * Usage: deno run -A tests/attacks/imports/imports_projects.ts FOLDER COUNT SEED [unconfined]
 */
import { compile, type TestSource } from "../../support/compile.ts";

/** A compilation, and the folders and files that it may open. */
export interface Marked {
  mark: string;
  granted: string[];
}

/** The path that is asked for before the compilation of this number. */
export function markOf(index: number): string {
  return `/capsule-mark/${index}`;
}

/** Numbers from 0 to 1 that a seed gives again. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes a project in an empty folder: `app` is the program's, and what lies beside it is not. */
export function makeProject(base: string, random: () => number): void {
  const pick = <T>(values: T[]): T => values[Math.floor(random() * values.length)]!;
  const chance = (part: number) => random() < part;
  const up = base.split("/").length;
  const levels = () => Math.floor(random() * (up + 3));
  const paths = [
    "../secret.json",
    "../secret",
    `${base}/secret.ts`,
    "../other/index.ts",
    "/etc/passwd",
    "/etc/hostname",
    "/proc/self/environ",
    "./own.ts",
    "./own",
    "./sub",
    "./sub/more.js",
    "./data.json",
    "./link",
    "./link/secret.ts",
    "./link.ts",
    "./absent",
    "..",
    ".",
  ];
  const packages = [
    "a",
    "b",
    "@s/c",
    "above",
    "linked",
    "a/sub",
    "b/x.js",
    "@s/c/deep/er",
    "#in",
    "m",
    "m/x",
  ];
  const specifier = (): string => {
    const kind = random();
    const path = pick(paths);
    if (kind < 0.35) return path + pick(["", "", "", "?q", "#h", "/", ".ts", ".js"]);
    if (kind < 0.65) return pick(packages);
    if (kind < 0.8) {
      const virtual = pick([
        "__virtual__",
        "$$virtual",
        "node_modules/__virtual__",
        ".yarn/$$virtual",
      ]);
      return `./${virtual}/x/${levels()}/${pick(["etc/passwd", "secret.json", "other/index.ts"])}`;
    }
    if (kind < 0.9) {
      return `${pick(["npm", "jsr"])}:${pick([...packages, "../secret.json", "a@1/sub"])}`;
    }
    return pick([
      `file://${base}/secret.ts`,
      "..%2fsecret.json",
      "..\\secret.json",
      "node:fs",
      "fs",
    ]);
  };
  const statement = (index: number): string => {
    const name = JSON.stringify(specifier());
    const type = chance(0.3) ? ` with { type: "${pick(["text", "bytes", "json"])}" }` : "";
    return pick([
      `import * as v${index} from ${name}${type}; console.log(v${index});`,
      `import ${name}${type};`,
      `export * from ${name};`,
      `try { require(${name}); } catch {}`,
      `import(${name}).catch(() => {});`,
      `require.resolve(${name});`,
      `import("../" + globalThis.x + "${pick([".ts", ".json", "/index.ts"])}").catch(() => {});`,
      `require(\`../\${globalThis.x}${pick(["", ".json"])}\`);`,
      `//# sourceMappingURL=${
        pick(["file:///etc/passwd", "../secret.map", `file://${base}/secret.ts`])
      }`,
    ]);
  };
  const text = (): string => {
    const count = 1 + Math.floor(random() * 3);
    return Array.from({ length: count }, (_, index) => statement(index)).join("\n") +
      "\nexport default 1;\n";
  };
  const write = (path: string, content: string) => {
    const file = `${base}/${path}`;
    try {
      Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(file, content);
    } catch {
      // Something else has the name.
    }
  };
  const link = (to: string, path: string) => {
    try {
      Deno.symlinkSync(to, `${base}/${path}`);
    } catch {
      // The same.
    }
  };
  write("secret.json", `"secret"`);
  write("secret.ts", `export default "secret";`);
  write("secret.map", `{"version":3,"sources":["s"],"mappings":""}`);
  write("other/index.ts", `export default "other";`);
  write("node_modules/above/index.js", `export default "above";`);
  write("app/main.ts", text());
  for (const path of ["own.ts", "sub/index.ts", "sub/more.js", "data.json", "style.css"]) {
    if (!chance(0.8)) continue;
    const content = path.endsWith(".json")
      ? "{}"
      : path.endsWith(".css")
      ? `@import ${JSON.stringify(specifier())}; a { background: url(${
        JSON.stringify(specifier())
      }) }`
      : chance(0.5)
      ? "export default 1;"
      : text();
    write(`app/${path}`, content);
  }
  const target = () =>
    pick(["../secret.ts", "..", base, "/etc", `${base}/other`, "sub", "link2", "own.ts"]);
  for (const name of ["link", "link.ts", "link2", "sub/link"]) {
    if (chance(0.4)) link(target(), `app/${name}`);
  }
  for (const name of ["a", "b", "@s/c", "m"]) {
    if (!chance(0.7)) continue;
    const folder = `app/node_modules/${name}`;
    const inside = () =>
      pick([
        "./index.js",
        "./x.js",
        "../../../secret.json",
        "./../../../../secret.json",
        "/etc/passwd",
        "..",
      ]);
    const json: Record<string, unknown> = {};
    if (chance(0.4)) json.main = inside();
    if (chance(0.3)) json.module = inside();
    if (chance(0.3)) {
      json.exports = pick<unknown>([inside(), { ".": inside(), "./*": "./../../../*" }, {
        import: inside(),
        default: inside(),
      }]);
    }
    if (chance(0.3)) json.imports = { "#in": inside(), "#*": "./../../*" };
    if (chance(0.3)) json.type = pick(["module", "commonjs", "x"]);
    if (chance(0.3)) json.sideEffects = pick<unknown>([false, ["*.css", "../../../**"], "x"]);
    if (chance(0.9)) write(`${folder}/package.json`, JSON.stringify(json));
    for (const file of ["index.js", "x.js", "sub/index.js", "deep/er.ts"]) {
      if (chance(0.6)) write(`${folder}/${file}`, chance(0.5) ? "export default 1;" : text());
    }
    if (chance(0.2)) link(target(), `${folder}/link.js`);
  }
  if (chance(0.4)) {
    link(pick([`${base}/other`, "../../other", "/etc", "a"]), "app/node_modules/linked");
  }
  const config = (): string => {
    const imports = {
      a: specifier(),
      "b/": specifier(),
      "@/": "./",
      x: specifier(),
      above: "/etc/passwd",
    };
    return pick([
      JSON.stringify({ imports }),
      JSON.stringify({
        importMap: pick(["./map.json", "../secret.json", "/etc/passwd", "./link"]),
      }),
      JSON.stringify({ workspace: ["./app"], imports }),
      "{ // nothing\n}",
      "{",
    ]);
  };
  for (const path of ["app/deno.json", "app/deno.jsonc", "deno.json"]) {
    if (chance(0.2)) write(path, config());
  }
  if (chance(0.3)) write("app/map.json", JSON.stringify({ imports: { a: specifier() } }));
  for (const path of ["app/tsconfig.json", "tsconfig.json"]) {
    if (!chance(0.3)) continue;
    const map = { "*": ["/etc/*", "../*"], a: ["../secret.ts"], x: [specifier()] };
    const options = { baseUrl: pick([".", "..", "/etc", "./sub"]), paths: map };
    write(
      path,
      JSON.stringify({
        extends: pick(["./base.json", "../secret.json", "/etc/passwd", "a", "above"]),
        compilerOptions: chance(0.5) ? options : {},
      }),
    );
  }
  if (chance(0.2)) link("../secret.json", "app/tsconfig.json");
  if (chance(0.2)) link("../secret.json", "app/package.json");
  if (chance(0.2)) {
    write(
      "app/package.json",
      JSON.stringify({ name: "a", exports: "../secret.ts", imports: { "#in": "../secret.ts" } }),
    );
  }
  const pnp = JSON.stringify({
    dependencyTreeRoots: [{ name: "x", reference: "workspace:." }],
    fallbackPool: [["a", "1"]],
    packageRegistryData: [
      [null, [[null, {
        packageLocation: "./",
        packageDependencies: [["a", "1"], ["above", "2"]],
      }]]],
      ["a", [["1", { packageLocation: "../", packageDependencies: [] }]]],
      ["above", [["2", { packageLocation: "/etc/", packageDependencies: [] }]]],
    ],
  });
  for (const path of ["app/.pnp.data.json", ".pnp.data.json", "app/.pnp.cjs"]) {
    if (chance(0.2)) {
      write(path, path.endsWith("cjs") ? `const RAW_RUNTIME_STATE = '${pnp}';` : pnp);
    }
  }
}

/** What the programs of a project are, and what each may open. */
export function programsOf(
  base: string,
  code: string,
): { source: TestSource; granted: string[] }[] {
  const root = `${base}/app`;
  const above: string[] = [];
  for (let folder = root; folder !== ""; folder = folder.slice(0, folder.lastIndexOf("/"))) {
    const settings = ["deno.json", "deno.jsonc"].map((name) => `${folder}/${name}`);
    above.push(`${folder}/node_modules/`, ...settings);
  }
  // Settings of the host's own folder: an import map may be a link there.
  const settings = ["map.json", "tsconfig.json", "base.json"].map((name) => `${root}/${name}`);
  const map = realPath(`${root}/link`);
  if (map !== undefined && isNamed(`${root}/deno.json`, "./link") && map.startsWith(`${root}/`)) {
    settings.push(map);
  }
  return [
    { source: { file: `${root}/main.ts`, root, isConfined: true }, granted: [`${root}/`] },
    {
      source: { code, language: "javascript", root, isConfined: true },
      granted: [...above, ...settings, `${base}/tsconfig.json`],
    },
  ];
}

function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

function isNamed(settings: string, map: string): boolean {
  try {
    return JSON.parse(Deno.readTextFileSync(settings)).importMap === map;
  } catch {
    return false;
  }
}

async function main([folder, count, seed, unconfined]: string[]): Promise<void> {
  const random = randomFrom(Number(seed));
  const programs: { source: TestSource; granted: string[] }[] = [];
  for (let index = 0; index < Number(count); index++) {
    const base = `${folder}/p${index}`;
    Deno.mkdirSync(base);
    makeProject(base, random);
    programs.push(...programsOf(base, Deno.readTextFileSync(`${base}/app/main.ts`)));
  }
  // Whatever is loaded once.
  const warm = `${folder}/warm`;
  Deno.mkdirSync(`${warm}/node_modules/w`, { recursive: true });
  Deno.writeTextFileSync(`${warm}/deno.json`, "{ // read by a parser of its own\n}");
  Deno.writeTextFileSync(`${warm}/node_modules/w/package.json`, `{"version":"1.0.0"}`);
  for (const code of [`import "npm:w@2 || 3";`, `import "./x";`, "enum A {}", "1 +"]) {
    await compile({ code, language: "javascript", root: warm, isConfined: true }).catch(() => {});
  }
  const marked: Marked[] = [];
  for (const [index, { source, granted }] of programs.entries()) {
    const mark = markOf(index);
    marked.push({ mark, granted });
    try {
      Deno.statSync(mark);
    } catch {
      // It is there for the trace.
    }
    await compile({ ...source, isConfined: unconfined === undefined }).then(
      () => console.error(`${index} compiled`),
      (error) => {
        if (error.code !== "invalid_program") console.error(`${index} ${error.stack}`);
      },
    );
  }
  console.log(JSON.stringify(marked));
  Deno.exit(0);
}

if (import.meta.main) await main(Deno.args);
