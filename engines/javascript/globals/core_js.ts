/** What core-js implements as the standards say, without touching what QuickJS has. */
import "core-js/actual/atob.js";
import "core-js/actual/btoa.js";
import "core-js/actual/dom-exception/index.js";
import "core-js/actual/structured-clone.js";
