/** `node:zlib`: that of jco, also with constants as exports, for old packages. */
import zlib from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/zlib";

const all = Object.defineProperties({}, {
  ...Object.getOwnPropertyDescriptors(zlib),
  ...Object.getOwnPropertyDescriptors({ ...zlib.constants }),
});

export default all as typeof zlib;
