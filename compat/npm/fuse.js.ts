/** Finds what is spelt nearly so. */
import { task } from "@capsule/sdk";
import Fuse from "fuse.js";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const books = [{ title: "Old Man's War" }, { title: "The Lock Artist" }, { title: "HTML5" }];
  const fuse = new Fuse(books, { keys: ["title"], includeScore: true });
  equal(fuse.search("old mans wra")[0]?.item, books[0]);
  equal(fuse.search("zzzz"), []);
});
