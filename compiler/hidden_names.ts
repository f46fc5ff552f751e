/** Names that guests do not see inside of the folders that they are granted: `ffi/native/src/files/guest/hidden.rs` hides them. */
import { relative } from "../platform/path.ts";

/** Why a name is hidden. Undefined if it is not. */
export function hiddenBecause(name: string): string | undefined {
  const folded = name.toLowerCase();
  if (folded === ".git") return "belongs to git";
  if (folded === ".capsule") return "belongs to Capsule";
  if (folded.startsWith(".env")) return "holds secrets";
}

/** Whether a guest that is granted the outer folder does not see the inner one, which lies in it. */
export function isHiddenIn(outer: string, inner: string): boolean {
  return relative(outer, inner).split("/").some((name) => hiddenBecause(name) !== undefined);
}
