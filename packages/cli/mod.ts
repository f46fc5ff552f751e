/**
 * The command `capsule`: `deno run -A jsr:@capsule/cli run hello.ts`.
 *
 * @module
 */
import { main } from "@capsule/sdk/cli";

export { main };

if (import.meta.main) Deno.exit(await main(Deno.args));
