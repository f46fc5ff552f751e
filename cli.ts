/**
 * The command `capsule`.
 *
 * @module
 */
import { main } from "./cli/main.ts";
import { platform } from "./platform/mod.ts";

export { main };

if (import.meta.main) platform.exit(await main(platform.args()));
