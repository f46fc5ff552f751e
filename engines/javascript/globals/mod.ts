/**
 * The Web APIs that a program finds: QuickJS brings the language and little else. Each file defines what
 * it holds; later ones need earlier ones.
 */
// Before anybody takes the function of strings that it replaces.
import "../inspect/hidden.ts";
import "./scope.ts";
import "./weak_ref.ts";
import "./call_site.ts";
import "./encoding.ts";
import "./core_js.ts";
import "./event.ts";
import "./timers.ts";
import "./abort.ts";
import "./console.ts";
import "./messages.ts";
import "./crypto.ts";
import "./url.ts";
import "./streams.ts";
import "./blob.ts";
import "./node.ts";
import "./performance.ts";
import "./fetch.ts";
