/** `node:util/types`: where the engine cannot tell, the answer is no. */
import library from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/util/types";

const no = () => false;

export default { ...library, isExternal: no, isKeyObject: no, isProxy: no };
