/** The engine files that `capsule doctor --warm` writes to the cache. */
import { cacheFolder } from "../cache/place.ts";
import type { Language } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

const ROOT = 0;
/** An engine's machine code, base memory and digests, each with its seal. */
const ENGINE_FILE = /\.(?:cwasm|base|code|shape)(?:\.seal)?$/;

/** The size in the cache of the engine that was used last; other versions' files are not counted. */
export function engineBytes(language: Language): number {
  const folder = cacheFolder();
  if (folder === undefined) return 0;
  const names = platform.readFolder(folder) ?? [];
  const newest = (ending: string) => {
    const sealed = names.filter((name) =>
      name.startsWith(`${language}-`) && name.endsWith(`${ending}.seal`)
    ).map((name) => {
      const seal = join(folder, name);
      return { file: seal.slice(0, -".seal".length), usedMs: platform.stat(seal)?.modifiedMs ?? 0 };
    });
    const [last] = sealed.sort((a, b) => b.usedMs - a.usedMs);
    return last === undefined ? 0 : platform.stat(last.file)?.size ?? 0;
  };
  return newest(".cwasm") + newest(".base");
}

/**
 * Makes the engines readable for all users, if root compiled them into `CAPSULE_CACHE_DIR`, as in a container image.
 * Images of programs stay private to root. Returns whether anything was shared.
 */
export function shareEngines(): boolean {
  const folder = cacheFolder();
  if (folder === undefined || !platform.env("CAPSULE_CACHE_DIR")) return false;
  if (platform.userId() !== ROOT) return false;
  for (const name of (platform.readFolder(folder) ?? []).filter((name) => ENGINE_FILE.test(name))) {
    platform.setMode(join(folder, name), 0o644);
  }
  platform.setMode(folder, 0o755);
  return true;
}
