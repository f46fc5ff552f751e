/**
 * The contract of cases.json under Deno, in this process and in a worker. `UPDATE=1` writes what comes back
 * as what is expected: read the difference.
 */
import type { RunOptions } from "../../runner/options/options.ts";
import { runForText } from "../../runner/run.ts";
import { assertEquals } from "../support/assert.ts";
import { ROOT } from "../support/support.ts";
import { type Case, CASE_FOLDER, decodeBytes, expectedText, readCases, runCase } from "./suite.ts";

const FOLDER = `${ROOT}tests/contract`;
const FILE = `${FOLDER}/cases.json`;
const EXPECTED = ',"expected":';
/** Of an envelope as text: what differs from call to call. */
const FIGURES = /"(?:duration_ms|fuel_consumed|ram_used|sandboxed)":(?:[\d.e+-]+|true),/g;

const cases = readCases(FOLDER);
/** One a case: a number that JavaScript cannot hold keeps its text. */
const lines = Deno.readTextFileSync(FILE).split("\n").slice(1, -2);

for (const isolation of ["sandbox", "process"] as const) {
  cases.forEach((one, index) => testCase(one, index, isolation));
}

function testCase(one: Case, index: number, isolation: "sandbox" | "process"): void {
  const where = isolation === "process" ? " (in a worker)" : "";
  Deno.test(`contract: ${one.name}${where}`, async () => {
    let text = "";
    const run = async (options: Record<string, unknown>) => {
      text = await runForText({ isolation, ...options } as RunOptions);
      return decodeBytes(JSON.parse(text));
    };
    const actual = await runCase(run, one, `${FOLDER}/programs`);
    const [given, expected] = cut(lines[index]!);
    // What stands for a large value is no text to compare with.
    const isText = !/"\$(?:repeat|nest)"/.test(expected);
    const shown = text === "" || "thrown" in actual ? JSON.stringify(actual) : bytesOf(text);
    if (Deno.env.get("UPDATE") === "1" && isText && isolation === "sandbox") {
      lines[index] = given + EXPECTED + shown + "}" + (index === cases.length - 1 ? "" : ",");
    } else {
      assertEquals(JSON.stringify(actual), expectedText(one));
      if (isText) assertEquals(shown, expected);
    }
  });
}

Deno.test("contract: no two cases have one name, and there are enough of them", () => {
  assertEquals(new Set(cases.map(({ name }) => name)).size, cases.length);
  assertEquals(cases.length >= 60, true);
  if (Deno.env.get("UPDATE") !== "1") return;
  Deno.writeTextFileSync(FILE, `[\n${lines.join("\n")}\n]\n`);
});

Deno.test("contract: every mistake of a host has a case", () => {
  const thrown = new Set(cases.map(({ expected }) => "thrown" in expected && expected.thrown));
  const codes = ["invalid_argument", "file_not_found", "invalid_config", "mount_denied"];
  for (const code of [...codes, "task_not_found"]) assertEquals(thrown.has(code), true, code);
});

/** A line of cases.json: what is given, and what is expected. */
function cut(line: string): [string, string] {
  const at = line.lastIndexOf(EXPECTED);
  return [line.slice(0, at), line.slice(at + EXPECTED.length).replace(/\},?$/, "")];
}

function bytesOf(envelope: string): string {
  return envelope.replace(FIGURES, "").replace(/wanted \d+/, "wanted N").replace(
    CASE_FOLDER,
    "CWD",
  );
}
