/** `node:zlib`: jco's, with the constants where old packages look for them. */
import zlib from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/zlib";

const all = Object.defineProperties({}, {
  ...Object.getOwnPropertyDescriptors(zlib),
  ...Object.getOwnPropertyDescriptors({ ...zlib.constants }),
});

export default all as typeof zlib;
