#!/usr/bin/env node
/** The command `capsule` as npm installs it. */
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(`error: Capsule needs Node.js 22.13 or newer, not ${process.versions.node}`);
  process.exit(2);
}
const { main } = await import("@capsule/sdk/cli");
process.exit(await main(process.argv.slice(2)));
