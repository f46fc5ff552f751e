/** Answers a query by a schema, and refuses a wrong one. */
import { task } from "@capsule/sdk";
import { buildSchema, graphql, parse, print } from "graphql";
import { equal, includes } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const schema = buildSchema("type Query { user(id: ID!): User } type User { name: String! }");
  const rootValue = { user: ({ id }: { id: string }) => ({ name: `user ${id}` }) };
  const source = 'query Q { user(id: "7") { name } }';
  equal((await graphql({ schema, source, rootValue })).data, { user: { name: "user 7" } });
  const { errors } = await graphql({ schema, source: "{ nobody }" });
  includes(errors![0]!.message, 'Cannot query field "nobody"');
  equal(print(parse("{a{b}}")), "{\n  a {\n    b\n  }\n}");
});
