/** Transpiles TypeScript, and finds an error of types. */
import { task } from "@capsule/sdk";
import ts from "typescript";
import { equal, includes } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, () => {
  const { outputText } = ts.transpileModule("enum E { A = 1 }; const x: E = E.A;", {});
  includes(outputText, "const x = E.A;");
  const source = ts.createSourceFile("a.ts", "class A<T> { b?: T }", ts.ScriptTarget.Latest);
  equal(ts.isClassDeclaration(source.statements[0]!), true);
});
