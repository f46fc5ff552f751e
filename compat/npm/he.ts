/** Encodes and decodes entities of HTML. */
import { task } from "@capsule/sdk";
import he from "he";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(he.decode("&lt;&eacute;&#128512;&notit;"), "<é😀¬it;");
  equal(he.encode("<é>", { useNamedReferences: true }), "&lt;&eacute;&gt;");
});
