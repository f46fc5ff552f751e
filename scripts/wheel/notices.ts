/** Collects the licences of third-party code in the wheel. */

/** A third-party component. */
interface Part {
  /** Its name, version and licences. */
  name: string;
  texts: string[];
}

/** Licence texts next to this file, because no package contains them. */
const BESIDE = {
  "CPython, its standard library": "cpython",
  "QuickJS": "quickjs",
  "wasi-libc": "wasi-libc",
  "Go, the runtime of esbuild": "go",
};
/** Build dependencies that are not part of the wheel. */
const TOOLS = /^(?:@types\/|@deno\/|typescript$|@typescript\/|koffi$|@koromix\/)/;
const LICENSE_FILE = /^(?:licen[cs]e|copying|notice|copyright|unlicense)/i;

interface CargoMetadata {
  packages: { name: string; version: string; license: string | null; manifest_path: string }[];
}

/** All notices as one text: each licence once, with the components that have it. */
export async function thirdPartyNotices(): Promise<string> {
  const parts = [...besideParts(), ...npmParts(), ...pythonParts(), ...await cargoParts()];
  const owners = new Map<string, string[]>();
  for (const { name, texts } of parts) {
    for (const text of texts) owners.set(text, [...owners.get(text) ?? [], name]);
  }
  const named = new Set([...owners.values()].flat());
  const plain = parts.map(({ name }) => name).filter((name) => !named.has(name));
  const sections = Array.from(owners, ([text, names]) => `${names.join("\n")}\n\n${text.trim()}`);
  const rest = `The packages of these bring no text of their own:\n\n${plain.join("\n")}`;
  const line = "\n\n" + "-".repeat(80) + "\n\n";
  return `This wheel holds, besides Capsule:${line}${[...sections, rest].join(line)}\n`;
}

function besideParts(): Part[] {
  return Object.entries(BESIDE).map(([name, file]) => ({
    name,
    texts: [Deno.readTextFileSync(new URL(`licenses/${file}.txt`, import.meta.url))],
  }));
}

function npmParts(): Part[] {
  const { packages } = JSON.parse(Deno.readTextFileSync("package-lock.json"));
  const folders = Object.keys(packages).filter((folder) => {
    const name = folder.split("node_modules/").at(-1)!;
    return folder !== "" && !TOOLS.test(name) && exists(`${folder}/package.json`);
  });
  return folders.map((folder) => {
    const { name, version, license } = JSON.parse(
      Deno.readTextFileSync(`${folder}/package.json`),
    );
    return { name: `${name} ${version} (${license ?? "see below"})`, texts: textsIn(folder) };
  });
}

/** The components of the Python engine. */
function pythonParts(): Part[] {
  const lib = "build/python/lib";
  const [version] = Array.from(Deno.readDirSync(lib), ({ name }) => name);
  const packages = `${lib}/${version}/site-packages`;
  return Array.from(Deno.readDirSync(packages), ({ name }) => name)
    .filter((name) => /^(?:componentize_py|tzdata)-.*\.dist-info$/.test(name))
    .map((name) => ({
      name: name.replace(".dist-info", "").replace("-", " "),
      texts: textsIn(`${packages}/${name}/licenses`),
    }));
}

async function cargoParts(): Promise<Part[]> {
  const { success, stdout, stderr } = await new Deno.Command("cargo", {
    args: [
      ...["metadata", "--locked", "--format-version=1", "--manifest-path=ffi/native/Cargo.toml"],
      `--filter-platform=${Deno.build.target}`,
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { packages } = JSON.parse(new TextDecoder().decode(stdout)) as CargoMetadata;
  return packages.filter(({ name }) => name !== "capsule-native").map((one) => ({
    name: `${one.name} ${one.version} (${one.license})`,
    texts: textsIn(one.manifest_path.replace(/\/[^/]*$/, "")),
  }));
}

function textsIn(folder: string): string[] {
  if (!exists(folder)) return [];
  return Array.from(Deno.readDirSync(folder))
    .filter(({ name, isFile }) => isFile && LICENSE_FILE.test(name))
    .map(({ name }) => Deno.readTextFileSync(`${folder}/${name}`).replaceAll("\r\n", "\n"))
    .sort();
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
