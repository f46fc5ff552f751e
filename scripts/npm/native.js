/** Tells where this package lies: what comes from JSR knows a package of npm by its modules alone. */
import { createRequire } from "node:module";
import process from "node:process";

const { resolve } = createRequire(import.meta.url);

export const folder = import.meta.dirname;
export const esbuild = resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
