// Bundles a plugin's unit tests (`src/**/*.test.ts`) and runs them by Node's own test runner. Called by `sluice plugin test`.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { folder, work, arguments: more } = JSON.parse(process.argv[2]);
const { build } = createRequire(join(folder, "package.json"))("esbuild");
const out = join(work, "tests");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const tests = readdirSync(join(folder, "src"), { recursive: true }).filter((file) => /\.test\.[mc]?[jt]s$/.test(file));
if (tests.length === 0) {
  console.error("no file src/**/*.test.ts: there is nothing to test");
  process.exit(1);
}
try {
  await build({
    entryPoints: tests.map((file) => join(folder, "src", file)),
    absWorkingDir: folder,
    tsconfig: join(folder, "tsconfig.json"),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    sourcemap: "inline",
    logLevel: "warning",
  });
} catch {
  process.exit(1);
}
const files = readdirSync(out, { recursive: true }).filter((file) => file.endsWith(".mjs")).map((file) => join(out, file));
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...more, ...files], { cwd: folder, stdio: "inherit" });
process.exit(run.status ?? 1);
