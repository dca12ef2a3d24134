/** Archives of plugins, packed by the program under test from the components that were built beside it. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { program } from "./server.ts";

/** Where `cargo xtask plugins` puts them. */
const built = process.env["SLUICE_PLUGINS"] ?? join(dirname(program ?? "/"), "../plugins");

/** Why nothing can be packed here. In CI nothing is left out. */
export function missingPlugin(name: string): string | undefined {
  const reason = existsSync(join(built, name, "plugin.wasm")) ? undefined : `\`${name}\` is not built: \`cargo xtask plugins\` does`;
  if (reason && process.env["SLUICE_TEST_NO_SKIP"]) throw new Error(`nothing may be skipped: ${reason}`);
  return reason;
}

/** Packs a plugin, under another version where one is given; answers the archive's path. */
export function pack(name: string, folder: string, version?: string): string {
  const own = join(folder, `${name}-${version ?? "as-it-is"}`);
  mkdirSync(own, { recursive: true });
  cpSync(join(built, name), own, { recursive: true });
  if (version) {
    const manifest = join(own, "plugin.toml");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/^version = ".*"$/m, `version = "${version}"`));
  }
  const archive = join(folder, `${name}-${version ?? "0.1.0"}.sluice`);
  execFileSync(program ?? "sluice", ["plugin", "pack", own, "--output", archive], { stdio: "pipe" });
  return archive;
}
