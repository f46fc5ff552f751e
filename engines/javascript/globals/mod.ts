/**
 * The Web APIs that a program finds: QuickJS brings the language and little else. Each file defines what
 * it holds; later ones need earlier ones.
 */
import "./encoding.ts";
import "./core_js.ts";
import "./event.ts";
import "./timers.ts";
import "./abort.ts";
import "./console.ts";
import "./crypto.ts";
import "./url.ts";
import "./process.ts";
import { define } from "./define.ts";

define({ global: globalThis, self: globalThis });
