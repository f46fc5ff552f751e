/** What `capsule doctor --warm` leaves in the cache. */
import { cacheFolder } from "../cache/place.ts";
import type { Language } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

const ROOT = 0;
/** Machine code, memory to start from, and the digest of an engine, each with its seal. */
const ENGINE_FILE = /\.(?:cwasm|base|code|shape)(?:\.seal)?$/;

/** The size of the files of an engine that was used last: earlier versions have others. */
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
 * Lets all users read the engines that root compiled into a folder of its choice, as for the image of a container.
 * What programs left there stays root's own. Returns whether it did.
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
