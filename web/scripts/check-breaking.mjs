// Fails where the schema breaks what clients of the last release ask, unless CHANGELOG.md names it under Unreleased.
//
// `schema.released.graphql` is the schema of the last release; whoever makes a release copies `schema.graphql` over it.
import { readFileSync } from "node:fs";
import { buildSchema, findBreakingChanges } from "graphql";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const schema = (name) => buildSchema(read(`../${name}`), { assumeValidSDL: true });
const [, unreleased = ""] = /## Unreleased\n(.*?)(?:\n## |$)/s.exec(read("../../CHANGELOG.md")) ?? [];

const broken = findBreakingChanges(schema("schema.released.graphql"), schema("schema.graphql"));
// `Type.field was removed.`, `Query.runs changed type …`: the first word is what the changelog must name.
const unnamed = broken.filter(({ description }) => {
  const [name = ""] = /[A-Za-z_]\w*(?:\.\w+)?/.exec(description) ?? [];
  return !unreleased.includes(`\`${name}\``) && !unreleased.includes(`\`${name.replace(/^(?:Query|Mutation|Subscription)\./, "")}\``);
});
for (const { description } of unnamed) console.error(`breaks clients, and CHANGELOG.md does not name it under Unreleased: ${description}`);
if (unnamed.length > 0) process.exit(1);
