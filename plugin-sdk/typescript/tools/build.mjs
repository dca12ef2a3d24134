// Bundles a plugin's TypeScript and makes a component of it. Called by `sluice plugin build`; the tools are the plugin's own.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// `make` is `component`, or `script`: the plugin alone, for a component that is there already.
const { folder, work, make, release } = JSON.parse(process.argv[2]);
const require = createRequire(join(folder, "package.json"));

if (release) {
  const tsc = join(require.resolve("typescript/package.json"), "..", "bin", "tsc");
  const types = spawnSync(process.execPath, [tsc, "--noEmit", "--project", folder], { stdio: ["ignore", 2, 2] });
  if (types.status !== 0) process.exit(1);
}

const { build } = require("esbuild");
try {
  const bundle = await build({
    entryPoints: [make === "script" ? join(folder, "src/plugin.ts") : join(work, "entry.ts")],
    absWorkingDir: folder,
    tsconfig: join(folder, "tsconfig.json"),
    bundle: true,
    write: false,
    format: make === "script" ? "iife" : "esm",
    globalName: "plugin",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    // The engine's parser is happiest without them, and offsets in messages are right.
    charset: "ascii",
    external: ["sluice:*"],
    logLevel: "warning",
  });
  const source = bundle.outputFiles[0].text;
  writeFileSync(join(work, "plugin.js"), source);
  if (make === "component") {
    const { componentize } = require("componentize-qjs");
    const { component } = await componentize({ witPath: join(work, "wit"), jsSource: source, world: "plugin", sync: true });
    writeFileSync(join(work, "component.wasm"), component);
  }
} catch (error) {
  // esbuild has said what it does not like already.
  if (!Array.isArray(error?.errors)) console.error(String(error?.message ?? error));
  process.exit(1);
}
