//! Where things lie: the checkout, the build folder, the cache, and the programs built from the checkout.

use crate::command;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// First-party plugins, by the names of their folders.
pub(crate) const PLUGINS: &[&str] = &[
    "akshare",
    "baostock",
    "clickhouse",
    "csv-http",
    "dingtalk",
    "elasticsearch",
    "feishu",
    "influxdb",
    "mask-pii",
    "pagerduty",
    "prometheus",
    "s3",
    "slack",
    "sql-translator",
    "tdengine",
    "teams",
    "telegram",
    "timescale",
    "tushare",
    "wecom",
    "webhook",
];

/// First-party plugins in TypeScript and Python, whose tools npm and pip bring.
pub(crate) const SCRIPTED: &[&str] = &["json-fields", "ntfy"];

/// The checkout's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the checkout")
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `target` in the checkout.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Where tools are kept between runs, outside the checkout: `$HOME/.cache/sluice-ci`.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    let home = std::env::var_os("HOME").context("`HOME` is not set")?;
    Ok(PathBuf::from(home).join(".cache/sluice-ci"))
}

/// Cargo, called in the checkout.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // What `cargo run` says of this program is nothing to the build that follows: build scripts which look at it would run
    // again, and their crates be built anew, whenever somebody calls cargo by hand in between.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The server binary with the web editor in it, built first; cargo shows its progress.
pub(crate) fn build_server(profile: Profile) -> Result<PathBuf> {
    crate::web::build_if_possible()?;
    let mut build = cargo();
    // The whole workspace, as the tests are built: features of shared dependencies then unify the same way, and nothing
    // is compiled twice.
    build.args(["build", "--workspace", "--bin", "sluice"]);
    if profile == Profile::Release {
        build.arg("--release");
    }
    command::run(&mut build)?;
    Ok(target_dir().join(profile.folder()).join("sluice"))
}

/// The folders of these first-party plugins, built first where their sources changed.
pub(crate) fn build_plugins(names: &[&str]) -> Result<Vec<plugin_build::Built>> {
    plugin_build::build_plugins(root(), &plugins_dir(), names)
}

/// The same for those in TypeScript and Python. Where that fails the rest goes on without them, unless this is CI.
pub(crate) fn build_scripted(names: &[&str]) -> Result<()> {
    match plugin_build::build_scripted(root(), &plugins_dir(), names) {
        Ok(_) => Ok(()),
        Err(error) if std::env::var_os("CI").is_none_or(|value| value.is_empty() || value == "false") => {
            eprintln!("plugins in TypeScript and Python are left out: {error:#}");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Where built plugins are put, one folder each.
pub(crate) fn plugins_dir() -> PathBuf {
    target_dir().join("plugins")
}

/// How much the compiler optimizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build; for tests and the demo.
    Dev,
    /// For measurements.
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}
