//! The web editor: built by npm into `web/dist`, from where `api` takes it into the server's binary.
//!
//! A stamp of everything that goes in keeps what has not changed from being built again. Where npm is missing the server
//! is built without its editor, and its page says how to build one.

use crate::{command, project};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the built editor is made from, below `web/`.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "package-lock.json",
    "package.json",
    "tsconfig.json",
    "vite.config.ts",
    // Its templates are these documents.
    "../workflows",
];

/// The editor's folder.
pub(crate) fn folder() -> PathBuf {
    project::root().join("web")
}

/// Whether npm is there; says aloud what is left out where it is not.
pub(crate) fn has_npm(left_out: &str) -> bool {
    let found = command::find_program("npm").is_some();
    if !found {
        println!("npm is missing: {left_out}");
    }
    found
}

/// npm, called in the editor's folder, with its packages installed as the lock file says.
pub(crate) fn npm() -> Result<Command> {
    let lock = fs::read(folder().join("package-lock.json")).context("cannot read `web/package-lock.json`")?;
    let lock = hex(&Sha256::digest(&lock));
    let stamp = folder().join("node_modules/.sluice-lock");
    if !is_stamped(&stamp, &lock) {
        command::run(call().args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))?;
        fs::write(&stamp, lock)?;
    }
    Ok(call())
}

/// Builds the editor for the server to take in. Where that fails the server still builds, without or with an older
/// editor, unless this is CI.
pub(crate) fn build_if_possible() -> Result<()> {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    match build() {
        Err(error) if !in_ci => {
            eprintln!("the web editor cannot be built, and the server goes on without: {error:#}");
            Ok(())
        }
        built => built,
    }
}

/// Builds the editor where its sources changed.
pub(crate) fn build() -> Result<()> {
    if !has_npm("the server is built without its web editor") {
        return Ok(());
    }
    let mut digest = Sha256::new();
    for name in SOURCES {
        add(&folder().join(name), &mut digest)?;
    }
    let digest = hex(&digest.finalize());
    let stamp = folder().join("dist/.stamp");
    if is_stamped(&stamp, &digest) {
        return Ok(());
    }
    eprintln!("building the web editor");
    command::run(npm()?.args(["run", "--silent", "build"]))?;
    fs::write(&stamp, digest)?;
    Ok(())
}

fn call() -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder());
    npm
}

fn is_stamped(stamp: &Path, text: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == text)
}

/// Adds names and contents of a file, or of all files below a folder.
fn add(path: &Path, digest: &mut Sha256) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        entries.sort();
        for entry in entries {
            add(&entry, digest)?;
        }
        return Ok(());
    }
    let content = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    digest.update(path.to_string_lossy().as_bytes());
    digest.update(content.len().to_le_bytes());
    digest.update(content);
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
