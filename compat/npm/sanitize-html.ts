/** Removes scripts and attributes that are not allowed. */
import { task } from "@capsule/sdk";
import sanitize from "sanitize-html";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const dirty =
    '<p onclick="x()">Hi <a href="javascript:1">a</a><script>steal()</script><b>b</b></p>';
  equal(sanitize(dirty), "<p>Hi <a>a</a><b>b</b></p>");
  equal(
    sanitize('<p class="x">t</p>', { allowedAttributes: { p: ["class"] } }),
    '<p class="x">t</p>',
  );
});
