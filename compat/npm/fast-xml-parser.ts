/** Parses elements and attributes, builds some, and validates. */
import { task } from "@capsule/sdk";
import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "@" });
  equal(parser.parse('<a id="1"><b>x &amp; y</b><b>2</b></a>'), {
    a: { b: ["x & y", 2], "@id": "1" },
  });
  equal(new XMLBuilder({}).build({ a: { b: [1, 2] } }), "<a><b>1</b><b>2</b></a>");
  equal(XMLValidator.validate("<a>") === true, false);
});
