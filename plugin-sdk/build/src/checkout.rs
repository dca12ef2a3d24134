//! The plugins of a checkout of the server: many at once, and none again whose sources did not change.

use crate::toolchain::{TARGET, Toolchain};
use crate::{componentize, replace};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A built plugin, ready to be installed.
#[derive(Debug)]
pub struct Built {
    /// The plugin's name.
    pub name: String,
    /// The folder with `plugin.toml` and `plugin.wasm`.
    pub folder: PathBuf,
    /// Whether it had to be built now.
    pub rebuilt: bool,
}

/// One crate to make a plugin of.
#[derive(Debug)]
pub struct Guest<'a> {
    /// The plugin's name and its folder's under `out`.
    pub name: &'a str,
    /// The package to build.
    pub package: &'a str,
    /// The package's example to build rather than its library.
    pub example: Option<&'a str>,
    /// The manifest to put beside the component.
    pub manifest: PathBuf,
}

/// Builds the plugins in `plugins/<name>` of the checkout `root` into `out/<name>/{plugin.toml,plugin.wasm}`.
///
/// # Errors
/// When no toolchain has the WebAssembly target, or a plugin does not compile.
pub fn build_plugins(root: &Path, out: &Path, names: &[&str]) -> Result<Vec<Built>> {
    let guests: Vec<Guest<'_>> = names
        .iter()
        .map(|&name| {
            let manifest = root.join("plugins").join(name).join("plugin.toml");
            Guest { name, package: name, example: None, manifest }
        })
        .collect();
    build(root, out, &guests)
}

/// Builds `guests` of the checkout `root` into `out`.
///
/// # Errors
/// As for [`build_plugins`].
pub fn build(root: &Path, out: &Path, guests: &[Guest<'_>]) -> Result<Vec<Built>> {
    let mut stale = Vec::new();
    for guest in guests {
        let stamp = stamp(root, guest)?;
        if !is_fresh(&out.join(guest.name), &stamp) {
            stale.push((guest, stamp));
        }
    }
    if !stale.is_empty() {
        let toolchain = Toolchain::find()?;
        let names = stale.iter().map(|(guest, _)| guest.name).collect::<Vec<_>>().join(", ");
        eprintln!("building plugins to WebAssembly ({}): {names}", toolchain.describe());
        compile(&toolchain, root, &stale.iter().map(|(guest, _)| *guest).collect::<Vec<_>>())?;
        for (guest, stamp) in &stale {
            let component = componentize(&std::fs::read(module_file(root, guest))?, &std::fs::read(&guest.manifest)?)
                .with_context(|| format!("plugin `{}` cannot be made a component", guest.name))?;
            let folder = out.join(guest.name);
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
            replace(&folder.join("plugin.wasm"), &component)?;
            replace(&folder.join("plugin.toml"), &std::fs::read(&guest.manifest)?)?;
            let beside = guest.manifest.parent().unwrap_or(root);
            for extra in ["README.md", "check.toml"] {
                if guest.example.is_none() && beside.join(extra).is_file() {
                    replace(&folder.join(extra), &std::fs::read(beside.join(extra))?)?;
                }
            }
            replace(&folder.join(".stamp"), stamp.as_bytes())?;
        }
    }
    let built = |guest: &Guest<'_>| Built {
        name: guest.name.to_owned(),
        folder: out.join(guest.name),
        rebuilt: stale.iter().any(|(stale, _)| stale.name == guest.name),
    };
    Ok(guests.iter().map(built).collect())
}

/// Builds the plugins in `plugins/<name>` of the checkout `root` that are written in TypeScript or Python, as
/// [`build_plugins`] does those in Rust.
///
/// # Errors
/// When their tools are missing or cannot be installed, or a plugin does not build.
pub fn build_scripted(root: &Path, out: &Path, names: &[&str]) -> Result<Vec<Built>> {
    let mut built = Vec::new();
    for &name in names {
        let source = root.join("plugins").join(name);
        let stamp = scripted_stamp(root, &source)?;
        let folder = out.join(name);
        let rebuilt = !is_fresh(&folder, &stamp);
        if rebuilt {
            eprintln!("building plugin `{name}` to WebAssembly");
            let manifest = std::fs::read(source.join("plugin.toml"))?;
            let component = match source.join("package.json").is_file() {
                true => crate::build_typescript(&source, &manifest, true),
                false => crate::build_python(&source, &manifest, true),
            };
            let component = component.with_context(|| format!("plugin `{name}` cannot be built"))?;
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
            replace(&folder.join("plugin.wasm"), &component)?;
            for file in ["plugin.toml", "README.md", "check.toml"] {
                replace(&folder.join(file), &std::fs::read(source.join(file))?)?;
            }
            replace(&folder.join(".stamp"), stamp.as_bytes())?;
        }
        built.push(Built { name: name.to_owned(), folder, rebuilt });
    }
    Ok(built)
}

/// A digest of the plugin, the SDKs and what builds them.
fn scripted_stamp(root: &Path, source: &Path) -> Result<String> {
    let mut files = Vec::new();
    for folder in ["plugin-sdk/typescript", "plugin-sdk/python", "plugin-sdk/build", "plugin-sdk/wit"] {
        list_files(&root.join(folder), &mut files)?;
    }
    list_files(source, &mut files)?;
    digest_of(root, files)
}

fn is_fresh(folder: &Path, stamp: &str) -> bool {
    std::fs::read_to_string(folder.join(".stamp")).is_ok_and(|found| found == stamp)
        && folder.join("plugin.wasm").is_file()
        && folder.join("plugin.toml").is_file()
}

fn wasm_dir(root: &Path) -> PathBuf {
    let base = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    base.join("wasm")
}

/// Where cargo leaves a guest's module.
fn module_file(root: &Path, guest: &Guest<'_>) -> PathBuf {
    let folder = wasm_dir(root).join(TARGET).join("plugin");
    match guest.example {
        Some(example) => folder.join("examples").join(format!("{}.wasm", example.replace('-', "_"))),
        None => folder.join(format!("{}.wasm", guest.package.replace('-', "_"))),
    }
}

/// One call of cargo for all libraries and one for all examples, so that what they share is compiled once.
fn compile(toolchain: &Toolchain, root: &Path, guests: &[&Guest<'_>]) -> Result<()> {
    let (examples, libraries): (Vec<&Guest<'_>>, Vec<&Guest<'_>>) =
        guests.iter().partition(|guest| guest.example.is_some());
    for guests in [libraries, examples].into_iter().filter(|guests| !guests.is_empty()) {
        let mut arguments = Vec::new();
        if guests.iter().all(|guest| guest.example.is_none()) {
            arguments.push("--lib");
        }
        for guest in guests {
            arguments.extend(["--package", guest.package]);
            if let Some(example) = guest.example {
                arguments.extend(["--example", example]);
            }
        }
        run_cargo(toolchain, root, &arguments)?;
    }
    Ok(())
}

fn run_cargo(toolchain: &Toolchain, root: &Path, arguments: &[&str]) -> Result<()> {
    let mut cargo = toolchain.cargo(root, &wasm_dir(root));
    if !cargo.args(["--profile", "plugin"]).args(arguments).status().context("cannot start cargo")?.success() {
        bail!("a plugin does not compile for {TARGET} ({}): cargo names it above", toolchain.describe());
    }
    Ok(())
}

/// A digest of everything that goes into the plugin.
fn stamp(root: &Path, guest: &Guest<'_>) -> Result<String> {
    let mut files = vec![
        root.join("Cargo.toml"),
        root.join("Cargo.lock"),
        root.join("rust-toolchain.toml"),
        guest.manifest.clone(),
    ];
    list_files(&root.join("plugin-sdk"), &mut files)?;
    let own = root.join("plugins").join(guest.package);
    if own.is_dir() {
        list_files(&own, &mut files)?;
    }
    digest_of(root, files)
}

/// One digest of names and contents.
fn digest_of(root: &Path, mut files: Vec<PathBuf>) -> Result<String> {
    files.sort();
    files.dedup();
    let mut digest = Sha256::new();
    for file in files {
        let content = std::fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
        digest.update((name.len() as u64).to_le_bytes());
        digest.update(name.as_bytes());
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(&content);
    }
    Ok(hex::encode(digest.finalize()))
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))? {
        let entry = entry?;
        // What tools leave is no source, and neither are links to the SDKs, which are listed themselves.
        const LEFT: [&str; 6] = ["target", "templates", "node_modules", "dist", ".venv", "__pycache__"];
        if LEFT.iter().any(|left| entry.file_name() == *left) || entry.file_type()?.is_symlink() {
            continue;
        }
        if entry.file_type()?.is_dir() {
            list_files(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
