export { default } from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/perf-hooks";
