/** A client calls a tool of a server, both in one task. */
import { task } from "@capsule/sdk";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const server = new McpServer({ name: "sums", version: "1.0.0" });
  server.registerTool(
    "add",
    { description: "Adds", inputSchema: { a: z.number(), b: z.number() } },
    ({ a, b }) => ({ content: [{ type: "text", text: String(a + b) }] }),
  );
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: "user", version: "1.0.0" });
  await Promise.all([server.connect(theirs), client.connect(ours)]);
  equal((await client.listTools()).tools.map(({ name }) => name), ["add"]);
  const { content } = await client.callTool({ name: "add", arguments: { a: 1, b: 2 } });
  equal(content, [{ type: "text", text: "3" }]);
});
