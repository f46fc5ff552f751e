/** Paths of this package and of esbuild. Capsule from JSR can import modules of npm packages, but not find their files. */
import { createRequire } from "node:module";
import process from "node:process";

const { resolve } = createRequire(import.meta.url);

export const folder = import.meta.dirname;
export const esbuild = resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
