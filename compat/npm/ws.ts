/** Opens a WebSocket. */
import { task } from "@capsule/sdk";
import WebSocket from "ws";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async (base: string) => {
  const socket = new WebSocket(base.replace("http", "ws"));
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
});
