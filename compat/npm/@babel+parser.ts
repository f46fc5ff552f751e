/** Parses TypeScript and JSX to a tree. */
import { task } from "@capsule/sdk";
import { parse, parseExpression } from "@babel/parser";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const { program } = parse("const x: number = <A b={1}/>;", {
    sourceType: "module",
    plugins: ["typescript", "jsx"],
  });
  equal(program.body[0]?.type, "VariableDeclaration");
  equal(parseExpression("a?.b").type, "OptionalMemberExpression");
  await throws(() => parse("let ="), /\(1:5\)/);
});
