// Fails where a generated file is not what `npm run codegen` would write from schema.graphql and the operations.
import { spawnSync } from "node:child_process";

const { status } = spawnSync("npx", ["--no-install", "graphql-codegen", "--config", "codegen.ts", "--check", "--silent"], { stdio: "inherit" });
if (status !== 0) {
  console.error("src/graphql/generated is not fresh; run `npm run codegen` and commit what it writes");
  process.exit(1);
}
