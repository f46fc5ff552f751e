/**
 * `URL` against the data of the web platform tests, which Rust's `url` crate carries: the native library
 * is built with that crate, so its sources are here.
 */
import { assertEquals } from "../support/assert.ts";
import { run } from "../../runner.ts";

interface Parsing {
  input: string;
  base: string | null;
  failure?: true;
  [property: string]: unknown;
}

/** What was expected, and what came instead. */
interface Failure {
  of: unknown[];
  actual: string;
  expected: string;
}

interface Setting {
  href: string;
  new_value: string;
  expected: Record<string, string>;
}

async function testData<T>(name: string): Promise<T> {
  const manifest = new URL("../../ffi/native/Cargo.toml", import.meta.url).pathname;
  const { stdout } = await new Deno.Command("cargo", {
    args: [
      ...["metadata", "--format-version=1", "--locked", `--manifest-path=${manifest}`],
      `--filter-platform=${Deno.build.target}`,
    ],
    stderr: "null",
  }).output();
  const { packages } = JSON.parse(new TextDecoder().decode(stdout));
  const { manifest_path } = packages.find((one: { name: string }) => one.name === "url");
  return JSON.parse(Deno.readTextFileSync(manifest_path.replace("Cargo.toml", `tests/${name}`)));
}

/**
 * The standard changed after this data was written: `^` is encoded in paths, and so is a space at the end
 * of an opaque path, which was removed.
 */
function isOld({ actual, expected }: Failure): boolean {
  const unchanged = (text: string) =>
    String(text).replaceAll("^", "%5E").replace(/(%20| )+(?=$|[?#])/, "");
  return unchanged(actual) === unchanged(expected);
}

async function failuresOf(body: string, args: unknown[]): Promise<Failure[]> {
  const code = `import { task } from "@capsule/sdk";
    export const main = task({ name: "main", compute: "HIGH" }, (tests) => { ${body} });`;
  const { result, error } = await run({ code, language: "javascript", args });
  assertEquals(error, null);
  return (result as Failure[]).filter((failure) => !isOld(failure));
}

Deno.test("URL parses as the web platform tests have it", async () => {
  const data = await testData<(Parsing | string)[]>("urltestdata.json");
  // Lone surrogates do not cross to a sandbox: JSON of UTF-8 has none.
  const tests = data.filter((test) => typeof test !== "string" && isWellFormed(test));
  assertEquals(tests.length > 700, true, `${tests.length} tests`);
  const failed = await failuresOf(
    `
    const failed = [];
    for (const { input, base, failure, ...expected } of tests) {
      let url;
      try { url = new URL(input, base ?? undefined); } catch { if (!failure) failed.push({ of: [input, base], actual: "refused", expected: "accepted" }); continue; }
      if (failure) failed.push({ of: [input, base], actual: "accepted", expected: "refused" });
      for (const [name, value] of Object.entries(expected)) {
        const actual = name === "searchParams" ? String(url.searchParams) : url[name];
        if (name in url && actual !== value) failed.push({ of: [input, base, name], actual, expected: value });
      }
    }
    return failed;`,
    [tests],
  );
  assertEquals(failed, []);
});

Deno.test("URL is changed as the web platform tests have it", async () => {
  const { comment: _, ...data } = await testData<Record<string, Setting[]>>("setters_tests.json");
  assertEquals(Object.keys(data).length > 8, true);
  const failed = await failuresOf(
    `
    const failed = [];
    for (const [property, list] of Object.entries(tests)) {
      for (const { href, new_value, expected } of list) {
        const url = new URL(href);
        url[property] = new_value;
        for (const [name, value] of Object.entries(expected)) {
          if (url[name] !== value) failed.push({ of: [href, property, new_value, name], actual: url[name], expected: value });
        }
      }
    }
    return failed;`,
    [data],
  );
  assertEquals(failed, []);
});

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  return typeof value !== "object" || value === null || Object.values(value).every(isWellFormed);
}
