//! One plugin in a folder of its own, wherever it lies.

use crate::componentize;
use crate::toolchain::{TARGET, Toolchain};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Stdio;

/// How much the compiler optimizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The profile `plugin` of the crate's `Cargo.toml`: small and quick, slow to build.
    Plugin,
    /// The profile `dev`: for work in progress.
    Dev,
}

/// Compiles the crate in `folder` and gives the component, with `manifest` (the text of `plugin.toml`) as what it was
/// built with. Cargo speaks on the standard error.
///
/// # Errors
/// When no toolchain has the target, the crate does not compile, or makes no component.
pub fn build_crate(folder: &Path, manifest: &[u8], profile: Profile) -> Result<Vec<u8>> {
    let toolchain = Toolchain::find()?;
    let profile = match profile {
        Profile::Plugin => "plugin",
        Profile::Dev => "dev",
    };
    // Whoever keeps builds elsewhere keeps these there, too.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder.join("target"), |dir| folder.join(dir));
    // A target folder is named to cargo as it is seen from where cargo runs.
    let target = std::path::absolute(target.join("wasm")).context("the target folder has no absolute path")?;
    let mut cargo = toolchain.cargo(folder, &target);
    cargo.args(["--lib", "--profile", profile, "--message-format", "json-render-diagnostics"]);
    cargo.stdout(Stdio::piped());
    let output = cargo.spawn().context("cannot start cargo; is Rust installed?")?.wait_with_output()?;
    if !output.status.success() {
        bail!("the plugin does not compile for {TARGET} ({}): see above", toolchain.describe());
    }
    let Some(module) = module_of(&String::from_utf8_lossy(&output.stdout)) else {
        bail!(
            "cargo made no WebAssembly module: `Cargo.toml` needs `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]`"
        );
    };
    let code = std::fs::read(&module).with_context(|| format!("cannot read `{module}`"))?;
    componentize(&code, manifest).context("no component can be made of it; does `lib.rs` call `export_plugin!`?")
}

/// The last module that cargo's messages name: dependencies come before what needs them.
fn module_of(messages: &str) -> Option<String> {
    let artifacts = messages.lines().rev().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    for artifact in artifacts.filter(|message| message["reason"] == "compiler-artifact") {
        let files = artifact["filenames"].as_array().into_iter().flatten();
        if let Some(module) = files.filter_map(|file| file.as_str()).find(|file| file.ends_with(".wasm")) {
            return Some(module.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::module_of;

    #[test]
    fn the_module_is_the_one_cargo_names_last() {
        let messages = r#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib"]}
not json
{"reason":"compiler-artifact","filenames":["/t/liba.rlib","/t/a.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(module_of(messages).as_deref(), Some("/t/a.wasm"));
        assert_eq!(module_of(""), None);
    }
}
