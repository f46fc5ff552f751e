/** Installs what Capsule is measured beside, from the registries, into a folder outside of the repository. */
import { progress, ROOT } from "../../scripts/common.ts";
import { isCurrent, keep, npmInstall, pipInstall } from "../installing.ts";

/** Where the peers are. */
export const PEERS = `${ROOT}build/bench-peers`;
/** A project of the original: its SDK for TypeScript is installed in it, if there is one. */
export const ORIGINAL = `${PEERS}/original`;

const SDK = "@capsule-run/sdk@0.8.10";
/** What the SDK builds with: it asks for newer versions of these, too, which do not know its options. */
const TOOLS = ["@bytecodealliance/jco@1.15.4", "typescript@5.9.3"];
/** What the programs import. */
const PACKAGES = ["zod@4.6.7"];

const LOCKS = ["package.json", "package-lock.json", "requirements.txt"];

/** Installs the peers, unless they are there in the versions of the lockfiles. */
export async function installPeers(): Promise<void> {
  const folder = `${ROOT}benches/peers`;
  if (isCurrent(PEERS, folder, LOCKS)) return;
  const shown = progress("Installing the peers");
  Deno.mkdirSync(PEERS, { recursive: true });
  for (const name of LOCKS) Deno.copyFileSync(`${folder}/${name}`, `${PEERS}/${name}`);
  await npmInstall(PEERS);
  await pipInstall(PEERS);
  keep(PEERS, folder, LOCKS);
  shown.done("peers");
}

/**
 * Installs the original's SDK for TypeScript. Returns what there is to say of it: not every mirror of the
 * registry has it. `CAPSULE_BENCH_ORIGINAL_SDK` names a folder with the package, built from its public
 * source.
 */
export async function installOriginalSdk(): Promise<string | undefined> {
  Deno.mkdirSync(ORIGINAL, { recursive: true });
  const remark = `${ORIGINAL}/remark.txt`;
  if (hasOriginalSdk()) return readIfThere(remark);
  Deno.writeTextFileSync(`${ORIGINAL}/package.json`, `{ "private": true, "type": "module" }\n`);
  const source = Deno.env.get("CAPSULE_BENCH_ORIGINAL_SDK");
  const shown = progress("Installing the original's SDK for TypeScript");
  try {
    // As a package and not as a link: what it depends on has to lie beside it.
    await npmInstall(ORIGINAL, ["--install-links", source ?? SDK, ...TOOLS, ...PACKAGES]);
    shown.done("original's SDK for TypeScript");
    const tools = TOOLS.join(", ");
    const built = `The original's ${SDK} was built from its public source, with ${tools}.`;
    if (source !== undefined) Deno.writeTextFileSync(remark, built);
    return readIfThere(remark);
  } catch (error) {
    shown.failed("the original's SDK for TypeScript");
    if (!(error instanceof Error && error.message.startsWith("npm "))) throw error;
    const isMissing = /E404|404 Not Found/.test(error.message);
    const why = isMissing ? "is not in this machine's registry" : "cannot be installed";
    return `The original is not measured with TypeScript: ${SDK} ${why}.`;
  }
}

/** Whether the original can run TypeScript. */
export function hasOriginalSdk(): boolean {
  return exists(`${ORIGINAL}/node_modules/@capsule-run/sdk/package.json`);
}

/** A folder for one program of the original: it builds again when any file beside it has changed. */
export function originalFolder(program: string): string {
  return `${ORIGINAL}/${program.replace(".", "-")}`;
}

/** Node in the version that the peers need, if npm has brought it, else the machine's own. */
export function nodePath(): string {
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const program = `${PEERS}/node_modules/node-${Deno.build.os}-${arch}/bin/node`;
  return exists(program) ? program : "node";
}

/** Whether a peer's program is there: not every machine has one. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function readIfThere(path: string): string | undefined {
  return exists(path) ? Deno.readTextFileSync(path) : undefined;
}
