/**
 * Writes the API reference in docs/api from the docstrings of the sources.
 *
 * Usage: deno task api [--check]   --check: only say whether it is up to date
 */
import { ROOT } from "./common.ts";
import { describeModules, type Page } from "./api/typescript.ts";

const PAGES: Page[] = [
  { specifier: "@capsule/sdk", entry: "mod.ts", file: "sdk.md" },
  { specifier: "@capsule/sdk/runner", entry: "runner.ts", file: "runner.md" },
];
const NOTE = "<!-- Written by `deno task api` from the docstrings of the sources. -->\n\n";

Deno.chdir(ROOT);
const texts = new Map<string, string>();
const pages = await describeModules(PAGES);
PAGES.forEach(({ file }, at) => texts.set(file, pages[at]!));
texts.set("python.md", await describePython());

const outdated: string[] = [];
for (const [name, text] of texts) {
  const file = `docs/api/${name}`;
  const written = await Deno.readTextFile(file).catch(() => "");
  if (written === NOTE + text) continue;
  if (Deno.args.includes("--check")) outdated.push(file);
  else await Deno.writeTextFile(file, NOTE + text);
}
if (outdated.length > 0) {
  console.error(`out of date: ${outdated.join(", ")}\nhint: deno task api`);
  Deno.exit(1);
}

async function describePython(): Promise<string> {
  const { success, stdout } = await new Deno.Command("python3", {
    args: ["scripts/api/python.py"],
    stderr: "inherit",
  }).output();
  if (!success) Deno.exit(1);
  return new TextDecoder().decode(stdout);
}
