/** The API reference of a TypeScript module, as Markdown: declarations as the sources have them, without bodies. */
import { parseTypeScript } from "../../compiler/typescript/plain/typescript_parser.ts";

interface Tag {
  kind: string;
  doc?: string;
  name?: string;
  tsType?: { repr: string };
}

interface Exported {
  name: string;
  declarations: {
    kind: string;
    location: { filename: string; line: number };
    jsDoc?: { doc?: string; tags?: Tag[] };
  }[];
}

/** What `deno doc` knows of a module. */
interface Module {
  module_doc: { doc: string };
  symbols: Exported[];
}

/** A node of the syntax tree, as far as it is read here. */
interface Node {
  type: string;
  start: number;
  end: number;
  loc: { start: { line: number } };
  kind?: string;
  key?: Node;
  id?: Node;
  accessibility?: string;
  value?: Node | null;
  declaration?: Node | null;
  declarations?: Node[];
  body: Node & { body: Node[] };
}

/** A page of the reference. */
export interface Page {
  /** What programs import. */
  specifier: string;
  /** The file with its exports. */
  entry: string;
  /** The file of the page. */
  file: string;
}

const SECTIONS = {
  Functions: ["function"],
  Classes: ["class"],
  Types: ["interface", "typeAlias"],
  Variables: ["variable"],
};

/** The text of each page. An export of several pages is described on the first one alone. */
export async function describeModules(pages: Page[]): Promise<string[]> {
  const described = new Map<string, string>();
  const texts: string[] = [];
  for (const page of pages) {
    const module = await read(page.entry);
    const elsewhere: string[] = [];
    const own = module.symbols.filter(({ name, declarations: [first] }) => {
      const key = `${first!.location.filename}#${name}`;
      const other = described.get(key);
      if (other === undefined) described.set(key, page.file);
      else elsewhere.push(`[${name}](${other}#${name.toLowerCase()})`);
      return other === undefined;
    });
    texts.push(pageText(page, module, own, elsewhere));
  }
  return texts;
}

async function read(entry: string): Promise<Module> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", entry],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  return Object.values(nodes)[0] as Module;
}

function pageText(page: Page, module: Module, own: Exported[], elsewhere: string[]): string {
  const parts = [`# ${page.specifier}`, plain(module.module_doc.doc)];
  for (const [title, kinds] of Object.entries(SECTIONS)) {
    const symbols = own.filter(({ declarations }) => kinds.includes(declarations[0]!.kind));
    if (symbols.length > 0) parts.push(`## ${title}`, ...symbols.map(symbolText));
  }
  if (elsewhere.length > 0) parts.push("## Also exported", `${elsewhere.join(", ")}.`);
  return `${parts.join("\n\n")}\n`;
}

function symbolText({ name, declarations }: Exported): string {
  const [{ jsDoc }] = declarations as [Exported["declarations"][0]];
  const code = declarations.map(declaration).join("\n\n");
  const parts = [`### ${name}`, `\`\`\`ts\n${code}\n\`\`\``];
  if (jsDoc?.doc === undefined) throw new Error(`Cannot describe "${name}": it has no JSDoc`);
  parts.push(plain(jsDoc.doc));
  const tags = (jsDoc.tags ?? []).map(tagText);
  if (tags.length > 0) parts.push(tags.join("\n"));
  return parts.join("\n\n");
}

function tagText({ kind, name, tsType, doc = "" }: Tag): string {
  const text = plain(doc).replaceAll("\n", " ");
  if (kind === "throws") return `- Throws \`${tsType!.repr}\`: ${text}`;
  if (kind === "param") return `- \`${name}\`: ${text}`;
  throw new Error(`Cannot describe the tag @${kind}`);
}

/** Links to other symbols become their names. */
function plain(text: string): string {
  return text.trim().replaceAll(/\{@link ([^}]+)\}/g, "`$1`");
}

/** A declaration, as its file has it. */
function declaration({ location }: Exported["declarations"][0]): string {
  const source = Deno.readTextFileSync(new URL(location.filename));
  const { body } = parseTypeScript(source) as unknown as { body: Node[] };
  // Its lines begin with 0, and those of the parser with 1.
  const exported = body.find(({ loc }) => loc.start.line === location.line + 1);
  const found = exported?.declaration;
  if (!found) throw new Error(`Cannot find the export at ${location.filename}:${location.line}`);
  if (found.type === "ClassDeclaration") return classText(source, found);
  if (found.type === "VariableDeclaration") {
    return `const ${source.slice(found.declarations![0]!.start, found.declarations![0]!.id!.end)}`;
  }
  const end = found.type === "FunctionDeclaration" ? found.body.start : found.end;
  return plain(source.slice(found.start, end));
}

/** A class with its public members. */
function classText(source: string, { start, body }: Node): string {
  const members: string[] = [];
  let end = body.start + 1;
  for (const member of body.body) {
    const comment = source.slice(end, member.start).trim().replace(/^\/\/.*$/gm, "").trim();
    end = member.end;
    // A constructor that only another function calls.
    const isInternal = member.kind === "constructor" && comment.includes("{@link");
    if (member.key?.type === "PrivateIdentifier" || member.accessibility || isInternal) continue;
    const isMethod = member.type === "MethodDefinition";
    const until = isMethod ? member.value!.body.start : member.end;
    const signature = `${source.slice(member.start, until).trim().replace(/;$/, "")};`;
    members.push(`  ${comment === "" ? "" : `${plain(comment)}\n  `}${signature}`);
  }
  return `${source.slice(start, body.start)}{\n${members.join("\n")}\n}`;
}
