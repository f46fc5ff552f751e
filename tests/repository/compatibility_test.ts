/** docs/compatibility.md names all that `deno task compat` runs, which needs a network and minutes. */
import { assertEquals } from "../support/assert.ts";
import { filesIn } from "../../scripts/compatibility/install.ts";
import { readRows } from "../../scripts/compatibility/document.ts";
import { ROOT } from "../../scripts/common.ts";

const rows = readRows();

function read(path: string): string {
  return Deno.readTextFileSync(ROOT + path);
}

/** The names of a section, sorted. */
function documented(section: string): string[] {
  return rows.filter(({ key }) => key.startsWith(`${section} `))
    .map(({ key }) => key.slice(section.length + 1)).sort();
}

Deno.test("the table has every package, with its pinned version", () => {
  const { dependencies } = JSON.parse(read("compat/npm/package.json"));
  const pins = new Map<string, string>([
    ...Object.entries<string>(dependencies).map(([name, pin]) => [`npm ${name}`, pin] as const),
    ...Array.from(
      read("compat/pypi/requirements.txt").matchAll(/^([^#\s=]+)==(\S+)/gm),
      ([, name, pin]) => [`pypi ${name}`, pin!] as const,
    ),
  ]);
  const nameOf = (file: string) => file.replace(/\.\w+$/, "").replace("+", "/");
  assertEquals(documented("npm"), filesIn("compat/npm", ".ts").map(nameOf).sort());
  assertEquals(documented("pypi"), filesIn("compat/pypi", ".py").map(nameOf).sort());
  for (const { key, version } of rows.filter(({ version }) => version !== undefined)) {
    assertEquals(version, pins.get(key), key);
  }
});

Deno.test("the table has every module that the programs try", () => {
  const tried = (folder: string, ending: string, pattern: RegExp) =>
    filesIn(folder, ending).flatMap((file) =>
      Array.from(read(`${folder}/${file}`).matchAll(pattern), ([, name]) => name!)
    );
  const node = tried("compat/node", ".ts", /^ {2}"?([\w/]+)"?: \{\s*tried:/gm);
  assertEquals(documented("node"), node.sort());
  const python = new Set(documented("python"));
  const names = tried("compat/python/parts", ".py", /^@tries\(\s*"(\w+)"/gm);
  assertEquals(names.filter((name) => !python.has(name)), []);
  // What is only imported is what a sandbox does not have.
  const passed = rows.filter(({ key, result }) => key.startsWith("python ") && result === "pass");
  assertEquals(passed.filter(({ key }) => !names.includes(key.slice("python ".length))), []);
});

Deno.test("what the table promises holds: 30 packages of each registry pass", () => {
  for (const section of ["npm", "pypi"]) {
    const passed = rows.filter(({ key, result }) =>
      key.startsWith(`${section} `) && result === "pass"
    );
    assertEquals(passed.length >= 30, true, section);
  }
});

Deno.test("the lockfile names no registry", () => {
  assertEquals(read("compat/npm/package-lock.json").includes('"resolved"'), false);
});
