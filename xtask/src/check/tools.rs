//! Checks made by other people's tools, installed once into the cache outside the checkout.

use crate::{command, project};
use anyhow::{Context, Result};
use std::path::PathBuf;

/// Dependencies that a manifest lists and no source file names.
pub(super) fn machete() -> Result<()> {
    let tool = find_or_install("cargo-machete", "0.9.2")?;
    command::run(std::process::Command::new(tool).arg("--with-metadata").current_dir(project::root()))
}

/// Licenses, sources and bans of `deny.toml`. Advisories are left out: their database comes over the network, and a
/// check must say the same tomorrow.
pub(super) fn deny() -> Result<()> {
    let tool = find_or_install("cargo-deny", "0.20.2")?;
    // All packages of the lock file, those for other systems included, must lie here for their licenses to be read.
    command::run(project::cargo().args(["fetch", "--locked", "--quiet"]))?;
    let mut deny = std::process::Command::new(tool);
    deny.args(["--workspace", "--locked", "--offline", "check", "--hide-inclusion-graph"]);
    command::run(deny.args(["bans", "licenses", "sources"]).current_dir(project::root()))
}

/// The tool on `PATH`, else in the cache, else compiled into the cache.
fn find_or_install(name: &str, version: &str) -> Result<PathBuf> {
    if let Some(tool) = command::find_program(name) {
        return Ok(tool);
    }
    let cache = project::cache_dir()?;
    let home = cache.join("tools").join(format!("{name}-{version}"));
    let tool = home.join("bin").join(name);
    if tool.is_file() {
        return Ok(tool);
    }
    println!("installing {name} {version} (once; it is kept in {})", home.display());
    let mut install = project::cargo();
    // A debug build: it takes a third of the time to compile and runs for seconds.
    install.args(["install", "--locked", "--debug", "--quiet", name, "--version", version, "--root"]).arg(&home);
    install.arg("--target-dir").arg(cache.join("tools-target"));
    command::run(&mut install).with_context(|| format!("cannot install {name}"))?;
    Ok(tool)
}
