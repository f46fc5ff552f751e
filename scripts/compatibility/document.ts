/** The compatibility table as a document, and what it said before. */
import { ROOT } from "../common.ts";
import type { Outcome } from "./try.ts";

/** A line of a table. */
export interface Row extends Outcome {
  section: Section;
  name: string;
  /** Of a package. */
  version?: string;
  /** What was tried. */
  uses: string;
}

export type Section = keyof typeof SECTIONS;

export const DOCUMENT = `${ROOT}docs/compatibility.md`;

const SECTIONS = {
  npm: { title: "Packages of npm", columns: ["package", "version", "used for"] },
  pypi: { title: "Packages of PyPI", columns: ["package", "version", "used for"] },
  node: { title: "Modules of Node.js", columns: ["module", "tried"] },
  python: { title: "Modules of Python's standard library", columns: ["module", "tried"] },
};

const HEADER = `# What runs in a sandbox

Made by \`deno task compat\`: it installs the packages that \`compat/npm\` and \`compat/pypi\` pin, and
runs the programs of \`compat/\` in sandboxes, each of which uses a package or a module for something real and
checks what it gets. \`deno task compat --check\` runs them again and fails when one passes or fails
otherwise than this page says. A time is that of one call in a fresh sandbox, on the machine
that made this page, two programs at a time; it includes the start of the sandbox, and no loading of the program.

What is missing is missing for a reason that one line tells. Most often: native code, which runs in no
sandbox; sockets and threads, which are not granted; \`Intl\`, which QuickJS does not have.
`;

/** Writes the document. */
export function writeDocument(rows: Row[]): void {
  const sections = Object.keys(SECTIONS) as Section[];
  const text = [HEADER, ...sections.map((section) => sectionText(section, rows))].join("\n");
  Deno.mkdirSync(`${ROOT}docs`, { recursive: true });
  Deno.writeTextFileSync(DOCUMENT, text);
}

/** What the document says of each row, without times. */
export function readDocument(): Map<string, string> {
  return new Map(readRows().map(({ key, result }) => [key, result]));
}

/** The rows of the document, each by its section and its name. */
export function readRows(): { key: string; version: string | undefined; result: string }[] {
  const rows = [];
  let section: Section = "npm";
  for (const line of Deno.readTextFileSync(DOCUMENT).split("\n")) {
    const found = Object.entries(SECTIONS).find(([, { title }]) => line === `## ${title}`);
    if (found) section = found[0] as Section;
    if (!line.startsWith("| ")) continue;
    const cells = line.slice(2, -2).split(/ \| /).map((cell) => cell.trim());
    const { columns } = SECTIONS[section];
    const [name, version] = cells;
    // The head of a table, and the line under it.
    if (cells[1] === columns[1] || name!.startsWith("---")) continue;
    rows.push({
      key: `${section} ${name}`,
      version: columns.includes("version") ? version : undefined,
      result: cells[columns.length]!,
    });
  }
  return rows;
}

/** A row as the document's result column has it, and its key there. */
export function resultOf({ section, name, reason }: Row): [key: string, result: string] {
  return [`${section} ${cell(name)}`, cell(reason ?? "pass")];
}

function sectionText(section: Section, all: Row[]): string {
  const { title, columns } = SECTIONS[section];
  const rows = all.filter((row) => row.section === section);
  const passed = rows.filter(({ reason }) => reason === undefined).length;
  const cells = rows.map(({ name, version, uses, reason, callMs }) =>
    [
      name,
      ...(columns.includes("version") ? [version ?? ""] : []),
      uses,
      reason ?? "pass",
      callMs === undefined ? "" : `${callMs.toFixed(1)} ms`,
    ].map(cell)
  );
  const table = tableText([...columns, "result", "call"], cells);
  return `## ${title}\n\n${passed} of ${rows.length} pass.\n\n${table}\n`;
}

/** A cell of Markdown: a bar would end it. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}

/** A table whose columns line up; the last, times, to the right. */
function tableText(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column]!)].map(({ length }) => length))
  );
  const last = head.length - 1;
  const line = (row: string[]) => {
    const padded = row.map((text, column) =>
      column === last ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, column) =>
    column === last ? `${"-".repeat(width - 1)}:` : "-".repeat(width)
  );
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
