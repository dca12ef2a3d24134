//! TypeScript: esbuild makes one script of a plugin, `componentize-qjs` makes a component of script and engine (QuickJS).
//!
//! The tools are the plugin's own, named in its `package.json`: they are found as Node finds packages, in the folder or
//! above it, and installed by `npm` where they are not.

use crate::component::with_source;
use crate::program::{contents, find, kept, run, work_folder, write};
use crate::seal;
use crate::world::Wanted;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const BUILD: &str = include_str!("../../typescript/tools/build.mjs");
const TEST: &str = include_str!("../../typescript/tools/test.mjs");
const INSTALL: &str = "install Node.js 20 or newer with npm (on Debian the packages nodejs and npm)";

/// Builds the plugin in `folder` and gives the component. With `release` its types are checked, and script and engine are one;
/// else the component of the engine is kept from build to build, and the host hands it the script.
///
/// # Errors
/// When Node is missing, packages cannot be installed, or the plugin does not build; tools speak on the standard error.
pub fn build_typescript(folder: &Path, manifest: &[u8], release: bool) -> Result<Vec<u8>> {
    let wanted = Wanted::of(manifest)?;
    let folder = absolute(folder)?;
    let node = prepare(&folder)?;
    if release {
        let component = component(node, &folder, &wanted.wit(), &entry(&wanted), true)?;
        return Ok(seal(component, manifest));
    }
    let (wit, entry) = (wanted.wit_for_work(), entry_for_work(&wanted));
    let sdk = contents(&folder.join("sluice"), "ts")?;
    let lock = std::fs::read(folder.join("package.json"))?;
    let parts: [&[u8]; 5] = [wit.as_bytes(), entry.as_bytes(), &sdk, &lock, BUILD.as_bytes()];
    let engine = kept(&folder, &parts, || component(node, &folder, &wit, &entry, false))?;
    let work = work_folder(&folder)?;
    tool(node, &folder, &work, "script", false)?;
    let script = std::fs::read_to_string(work.join("plugin.js")).context("esbuild made no script")?;
    let _ = std::fs::remove_dir_all(&work);
    Ok(with_source(seal(engine, manifest), &script))
}

/// A component of an entry and all that it imports.
fn component(node: &str, folder: &Path, wit: &str, entry: &str, release: bool) -> Result<Vec<u8>> {
    let work = work_folder(folder)?;
    write(&work.join("wit/plugin.wit"), wit)?;
    write(&work.join("entry.ts"), entry)?;
    tool(node, folder, &work, "component", release)?;
    let component = std::fs::read(work.join("component.wasm")).context("componentize-qjs made no component")?;
    let _ = std::fs::remove_dir_all(&work);
    Ok(component)
}

fn tool(node: &str, folder: &Path, work: &Path, make: &str, release: bool) -> Result<()> {
    write(&work.join("build.mjs"), BUILD)?;
    let told = serde_json::json!({ "folder": folder, "work": work, "make": make, "release": release });
    run(
        Command::new(node).current_dir(folder).arg(work.join("build.mjs")).arg(told.to_string()),
        "the plugin does not build: see above",
    )
}

/// Runs the unit tests (`src/**/*.test.ts`); false where some failed.
///
/// # Errors
/// When Node is missing or packages cannot be installed.
pub fn test_typescript(folder: &Path, arguments: &[String]) -> Result<bool> {
    let folder = absolute(folder)?;
    let node = prepare(&folder)?;
    let work = work_folder(&folder)?;
    write(&work.join("test.mjs"), TEST)?;
    let told = serde_json::json!({ "folder": folder, "work": work, "arguments": arguments });
    let status = Command::new(node).arg(work.join("test.mjs")).arg(told.to_string()).status()?;
    Ok(status.success())
}

/// Node, and the packages that the plugin asks for.
fn prepare(folder: &Path) -> Result<&'static str> {
    let node = find(&["node", "nodejs"], (20, 0), INSTALL)?;
    let missing =
        ["componentize-qjs", "esbuild", "typescript"].into_iter().find(|package| !has_package(folder, package));
    if missing.is_some() {
        let npm = find(&["npm"], (8, 0), INSTALL)?;
        let command = if folder.join("package-lock.json").is_file() { "ci" } else { "install" };
        eprintln!("installing what `package.json` names: npm {command}");
        run(
            Command::new(npm).current_dir(folder).args([command, "--no-audit", "--no-fund", "--prefer-offline"]),
            "npm could not install what `package.json` names: see above",
        )?;
    }
    if let Some(package) = missing
        && !has_package(folder, package)
    {
        bail!(
            "`{package}` is missing in `devDependencies` of `package.json`; `sluice plugin new` shows how it looks there"
        );
    }
    Ok(node)
}

/// Whether Node finds that package from the folder.
fn has_package(folder: &Path, package: &str) -> bool {
    folder.ancestors().any(|above| above.join("node_modules").join(package).join("package.json").is_file())
}

fn absolute(folder: &Path) -> Result<PathBuf> {
    // Links are followed: bundlers name files by their real place.
    folder.canonicalize().with_context(|| format!("`{}` cannot be opened", folder.display()))
}

/// What the component begins with: the granted interfaces, the plugin, and the exports made of both.
fn entry(wanted: &Wanted) -> String {
    let mut text = begin(wanted);
    text.push_str(
        "import * as plugin from \"../../src/plugin.ts\";\nconst all: Record<string, any> = { ...plugin };\n",
    );
    for kind in &wanted.kinds {
        text.push_str(&format!(
            "if (all.{kind} === undefined) throw new Error(\"src/plugin.ts exports no `{kind}`, which plugin.toml names in \
             `kinds`\");\nexport const {kind} = guest.{kind}(all.{kind}, imports);\n"
        ));
    }
    text
}

/// The same for work in progress: the plugin is a script that comes from the host, and is run at the first call.
fn entry_for_work(wanted: &Wanted) -> String {
    let mut text = begin(wanted);
    text.push_str(
        r#"import * as dev from "sluice:plugin/dev@0.1.0";
let loaded: any;
const plugin = (kind: string): any => {
  loaded ??= (0, eval)(`${dev.source()}\n;plugin`);
  if (loaded[kind] === undefined) throw new Error(`src/plugin.ts exports no \`${kind}\`, which plugin.toml names in \`kinds\``);
  return loaded[kind];
};
const of = (kind: string): any => new Proxy({}, { get: (_, name) => {
  const it = plugin(kind);
  return typeof it[name] === "function" ? it[name].bind(it) : it[name];
} });
"#,
    );
    for kind in &wanted.kinds {
        text.push_str(&format!("export const {kind} = guest.{kind}(of(\"{kind}\"), imports);\n"));
    }
    text
}

fn begin(wanted: &Wanted) -> String {
    let mut text = String::new();
    for import in wanted.imports() {
        text.push_str(&format!("import * as {import} from \"sluice:plugin/{import}@0.1.0\";\n"));
    }
    text.push_str("import * as guest from \"../../sluice/guest.ts\";\n");
    text.push_str(&format!("const imports = {{ {} }};\n", wanted.imports().join(", ")));
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_entry_imports_what_is_granted_and_exports_every_kind() {
        let wanted = Wanted::of(b"kinds = [\"source\", \"sink\"]\n[capabilities]\nkv = true").unwrap();
        let text = entry(&wanted);
        assert!(text.contains("import * as kv from \"sluice:plugin/kv@0.1.0\";"));
        assert!(!text.contains("http"));
        assert!(text.contains("export const source = ") && text.contains("export const sink = "));
        let text = entry_for_work(&wanted);
        assert!(text.contains("sluice:plugin/dev@0.1.0") && !text.contains("src/plugin.ts\";"), "{text}");
    }
}
