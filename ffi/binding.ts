/** How this process reaches the native library. A bundle for one runtime has that one's file instead. */
import * as deno from "./deno.ts";

// Deno is not to wait for the binding of Node.
export const { openLibrary } = "Deno" in globalThis ? deno : await import("./node.ts");
