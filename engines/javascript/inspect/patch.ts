/** Gives `node-inspect-extracted` what it cannot know in a browser, when the engine is built. */
import { parse } from "acorn";
import type { Plugin } from "esbuild";

const LIBRARY = /\/node-inspect-extracted\/dist\/inspect\.js$/;

/** Modules of the library by something that only they define, and the file in this folder that stands for each. */
const REPLACED = {
  "isModuleNamespaceObject(": "kinds.ts",
  "getOwnNonIndexProperties:function": "details.ts",
};
/** Where it reads an error's stack. */
const STACK = /(?<=try\{\w+=)(\w+)\.stack(?=\}catch)/g;
/** A global that QuickJS has not. */
const ATOMICS = '"Atomics",';

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
        contents: patched(await Deno.readTextFile(path), folder),
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

function patched(text: string, folder: string): string {
  const modules = propertiesOf(text);
  const edits = Object.entries(REPLACED).map(([mark, file]) => {
    const found = modules.filter(({ start, end }) => text.slice(start, end).includes(mark));
    if (found.length !== 1) throw unknown(mark);
    const { start, end, name } = found[0]!;
    const source = JSON.stringify(`${folder}/${file}`);
    return { start, end, text: `${name}(module_){module_.exports=require(${source})}` };
  });
  const atomics = text.indexOf(ATOMICS);
  if (atomics < 0) throw unknown(ATOMICS);
  edits.push({ start: atomics, end: atomics + ATOMICS.length, text: "" });
  const stacks = [...text.matchAll(STACK)];
  if (stacks.length !== 1) throw unknown("stack");
  const [{ index, 0: read, 1: error }] = stacks as [RegExpMatchArray & { index: number }];
  edits.push({
    start: index,
    end: index + read!.length,
    text: `require(${JSON.stringify(`${folder}/stack.ts`)}).stackText(${error})`,
  });
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
