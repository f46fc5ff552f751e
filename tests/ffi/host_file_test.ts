// It tells where the library lies.
import "../../install/installation.ts";
import { readHostFile, readHostTextFile } from "../../ffi/host_file.ts";
import { CapsuleError } from "../../errors/error.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const options = { maxBytes: 10, code: "invalid_program" } as const;

function withFolder(test: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("readHostFile() returns the content of a file, or undefined if it is missing", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/file`, "content");
    Deno.writeTextFileSync(`${folder}/empty`, "");
    assertEquals(readHostTextFile(`${folder}/file`, options), "content");
    assertEquals(readHostFile(`${folder}/empty`, options), new Uint8Array(0));
    assertEquals(readHostFile(`${folder}/none`, options), undefined);
  }));

Deno.test("readHostFile() refuses devices, folders and files that are too large, with the caller's code", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/large`, "content".repeat(2));
    for (const path of ["/dev/zero", folder, `${folder}/large`]) {
      const error = assertThrows(() => readHostFile(path, options), CapsuleError, path);
      assertEquals(error.code, "invalid_program");
    }
  }));

Deno.test("readHostFile() refuses a link that leads out of the folder", () =>
  withFolder((folder) => {
    Deno.mkdirSync(`${folder}/in`);
    Deno.writeTextFileSync(`${folder}/out`, "out");
    Deno.symlinkSync("../out", `${folder}/in/link`);
    assertEquals(readHostTextFile(`${folder}/in/link`, options), "out");
    assertThrows(
      () => readHostFile(`${folder}/in/link`, { ...options, inside: `${folder}/in` }),
      CapsuleError,
      "leads out of its folder",
    );
  }));

Deno.test("readHostTextFile() rejects text that is not UTF-8", () =>
  withFolder((folder) => {
    Deno.writeFileSync(`${folder}/file`, Uint8Array.of(0xff));
    assertThrows(
      () => readHostTextFile(`${folder}/file`, options),
      CapsuleError,
      "it is not UTF-8",
    );
  }));
