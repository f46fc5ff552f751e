/** Adapts `node-inspect-extracted` to QuickJS when the engine is built. */
import { parse } from "acorn";
import type { Plugin } from "esbuild";

const LIBRARY = /\/node-inspect-extracted\/dist\/inspect\.js$/;

/** Modules of the library by something that only they define, and the file in this folder that stands for each. */
const REPLACED = {
  "isModuleNamespaceObject(": "kinds.ts",
  "getOwnNonIndexProperties:function": "details.ts",
};
/** What else is another way, and stands once in the library. */
const EDITS: [where: RegExp, (...found: string[]) => string][] = [
  // A stack of QuickJS does not begin with the error.
  [
    /(?<=try\{\w+=)(\w+)\.stack(?=\}catch)/g,
    (_, error) => `require("./stack.ts").stackText(${error})`,
  ],
  // QuickJS has no such global.
  [/"Atomics",/g, () => ""],
  // Node 24, which the engine passes for, shows a proxy as what it stands for.
  [
    /if\(0!==(\w+)\)(?=for\(let \w+=0;\w+<\1;\w+\+\+\)\w+=`\$\{\w+\.stylize\("Proxy\()/g,
    () => "if(false)",
  ],
];

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** The library with its modules and stacks replaced. */
export function nodeInspect(folder: string): Plugin {
  return {
    name: "node-inspect",
    setup(build) {
      build.onLoad({ filter: LIBRARY }, async ({ path }) => ({
        contents: patched(await Deno.readTextFile(path)),
        resolveDir: folder,
      }));
      // What jco shows values with.
      build.onResolve(
        { filter: /^\.\/inspect\.js$/ },
        ({ importer }) =>
          /\/jco-std\/.*\/util\/\w+\.js$/.test(importer) ? { path: `${folder}/mod.ts` } : undefined,
      );
    },
  };
}

function patched(text: string): string {
  const modules = propertiesOf(text);
  const edits = Object.entries(REPLACED).map(([mark, file]) => {
    const found = modules.filter(({ start, end }) => text.slice(start, end).includes(mark));
    if (found.length !== 1) throw unknown(mark);
    const { start, end, name } = found[0]!;
    return { start, end, text: `${name}(module_){module_.exports=require("./${file}")}` };
  });
  for (const [where, edit] of EDITS) {
    const matches = [...text.matchAll(where)];
    if (matches.length !== 1) throw unknown(String(where));
    const [{ index: start, 0: found }] = matches as [RegExpExecArray];
    edits.push({ start, end: start + found.length, text: edit(...matches[0]!) });
  }
  edits.sort((a, b) => b.start - a.start);
  return edits.reduce(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text,
  );
}

/** The modules that the library is bundled of: methods whose names are numbers, of one object. */
function propertiesOf(text: string): { name: string; start: number; end: number }[] {
  const found: { name: string; start: number; end: number }[] = [];
  const visit = (node: Node) => {
    const { key } = node as { key?: { type: string; raw: string; value: unknown } };
    if (node.type === "Property" && key?.type === "Literal" && typeof key.value === "number") {
      found.push({ name: key.raw, start: node.start, end: node.end });
      return;
    }
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child?.type === "string") visit(child);
      }
    }
  };
  visit(parse(text, { ecmaVersion: "latest" }) as unknown as Node);
  return found;
}

function unknown(what: string): Error {
  return new Error(
    `This is another node-inspect-extracted than inspect/patch.ts knows: ${what} is not once in it`,
  );
}
