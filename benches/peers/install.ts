/** Installs the peers from the registries, into a folder outside the repository. */
import { progress, ROOT } from "../../scripts/common.ts";
import { isCurrent, keep, npmInstall, pipInstall } from "../installing.ts";

/** The folder of the peers. */
export const PEERS = `${ROOT}build/bench-peers`;
/** A project of the original, with its TypeScript SDK if that is available. */
export const ORIGINAL = `${PEERS}/original`;

const SDK = "@capsule-run/sdk@0.8.10";
/** Build tools of the SDK. It also accepts newer versions, which do not support its options. */
const TOOLS = ["@bytecodealliance/jco@1.15.4", "typescript@5.9.3"];
/** The packages that the programs import. */
const PACKAGES = ["zod@4.6.7"];

const LOCKS = ["package.json", "package-lock.json", "requirements.txt"];

/** Installs the peers, unless the versions of the lockfiles are installed. */
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
 * Installs the original's TypeScript SDK. Returns a remark if it is not from a registry: not every mirror of the
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
    // As a package and not as a link, so that its dependencies are next to it.
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

/** A folder for one program of the original, which rebuilds when any file in the folder changes. */
export function originalFolder(program: string): string {
  return `${ORIGINAL}/${program.replace(".", "-")}`;
}

/** Node in the version that the peers need, if npm installed it, else the machine's own. */
export function nodePath(): string {
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const program = `${PEERS}/node_modules/node-${Deno.build.os}-${arch}/bin/node`;
  return exists(program) ? program : "node";
}

/** Whether a peer's program is installed. */
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
