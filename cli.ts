/**
 * The command `capsule`.
 *
 * @module
 */
import { main } from "./cli/main.ts";
import { platform } from "./platform/mod.ts";

export { main };

if (platform.isMain(import.meta)) platform.exit(await main(platform.args()));
