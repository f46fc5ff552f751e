/** The global scope by the names that others have for it. */
import { define } from "./define.ts";

define({ global: globalThis, self: globalThis });
