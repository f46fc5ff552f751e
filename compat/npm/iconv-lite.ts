/** Decodes and encodes other character sets. */
import { task } from "@capsule/sdk";
import iconv from "iconv-lite";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(iconv.decode(Buffer.from([0x93, 0xfa, 0x96, 0x7b]), "shift_jis"), "日本");
  equal([...iconv.encode("é€", "win1252")], [0xe9, 0x80]);
  equal(iconv.decode(iconv.encode("héllo", "utf16"), "utf16"), "héllo");
});
