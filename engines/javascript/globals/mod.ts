/**
 * The Web APIs that a program finds: QuickJS brings the language and little else. Each file defines what
 * it holds; later ones need earlier ones.
 */
// Before anybody takes the function of strings that it replaces.
import "../inspect/hidden.ts";
import "./scope.ts";
import "./weak_ref.ts";
import "./call_site.ts";
import "./web/encoding.ts";
import "./core_js.ts";
import "./web/event.ts";
import "./web/timers.ts";
import "./web/abort.ts";
import "./console.ts";
import "./web/messages.ts";
import "./crypto/crypto.ts";
import "./web/url.ts";
import "./web/streams.ts";
import "./web/blob.ts";
import "./node.ts";
import "./web/performance.ts";
import "./web/fetch.ts";
