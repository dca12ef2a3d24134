//! Rust: a crate that becomes a component by way of `wasm32-unknown-unknown`; its tests run natively.

use super::{Language, Purpose, TemplateFile};
use model::{ErrorCode, Fault};
use plugin_build::Profile;
use plugin_host::PluginKind;
use std::path::Path;
use std::process::Command;

pub(super) struct Rust;

/// A file of the plugin, and where its text lies among the templates.
macro_rules! file {
    ($path:literal, $folder:literal, $name:literal) => {
        TemplateFile {
            path: $path,
            text: include_str!(concat!("../../../../../../plugin-sdk/templates/rust/", $folder, "/", $name)),
        }
    };
}

/// A file of the SDK, which a new plugin gets a copy of.
macro_rules! sdk {
    ($name:literal) => {
        TemplateFile {
            path: concat!("sluice/", $name),
            text: include_str!(concat!("../../../../../../plugin-sdk/", $name)),
        }
    };
}

/// The files every kind has, from its own folder.
macro_rules! files_of {
    ($kind:literal) => {
        [
            file!("plugin.toml", $kind, "plugin.toml"),
            file!("README.md", $kind, "README.md"),
            file!("check.toml", $kind, "check.toml"),
            file!("example.yaml", $kind, "example.yaml"),
            file!("src/lib.rs", $kind, "src/lib.rs"),
        ]
    };
}

impl Language for Rust {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn owns(&self, folder: &Path) -> bool {
        folder.join("Cargo.toml").is_file() && folder.join("plugin.toml").is_file()
    }

    fn template(&self, kind: PluginKind) -> Vec<TemplateFile> {
        let own = match kind {
            PluginKind::Source => files_of!("source"),
            PluginKind::Sink => files_of!("sink"),
            PluginKind::Transform => files_of!("transform"),
            PluginKind::Channel => files_of!("channel"),
            PluginKind::Translator => files_of!("translator"),
        };
        let shared =
            [file!("Cargo.toml", "shared", "Cargo.toml.template"), file!(".gitignore", "shared", "gitignore.template")];
        own.into_iter().chain(shared).collect()
    }

    fn sdk(&self) -> Vec<TemplateFile> {
        vec![
            file!("sluice/Cargo.toml", "shared", "sdk.Cargo.toml.template"),
            sdk!("wit/0.1/plugin.wit"),
            sdk!("src/answer.rs"),
            sdk!("src/batch.rs"),
            sdk!("src/cell.rs"),
            sdk!("src/channel.rs"),
            sdk!("src/columns.rs"),
            sdk!("src/connection.rs"),
            sdk!("src/error.rs"),
            sdk!("src/export.rs"),
            sdk!("src/host.rs"),
            sdk!("src/lib.rs"),
            sdk!("src/markdown.rs"),
            sdk!("src/redis.rs"),
            sdk!("src/sign.rs"),
            sdk!("src/sink.rs"),
            sdk!("src/source.rs"),
            sdk!("src/sql.rs"),
            sdk!("src/testing.rs"),
            sdk!("src/text.rs"),
            sdk!("src/time.rs"),
            sdk!("src/transform.rs"),
            sdk!("src/translator.rs"),
            sdk!("src/url.rs"),
        ]
    }

    fn sdk_of(&self, path: &Path) -> Result<String, Fault> {
        let wrong = |why: String| {
            Fault::new(ErrorCode::FileNotFound, format!("`--sdk {}` {why}", path.display()))
                .hint("Name a checkout of the server, or its folder `plugin-sdk`.")
        };
        let path = std::path::absolute(path).map_err(|error| wrong(format!("cannot be used: {error}")))?;
        let folder = if path.join("plugin-sdk/wit").is_dir() { path.join("plugin-sdk") } else { path };
        if !folder.join("wit").is_dir() || !folder.join("Cargo.toml").is_file() {
            return Err(wrong("holds no SDK".to_owned()));
        }
        Ok(format!("{{ path = {} }}", serde_json::Value::from(folder.display().to_string())))
    }

    fn build(&self, folder: &Path, manifest: &[u8], purpose: Purpose) -> Result<Vec<u8>, Fault> {
        let profile = match purpose {
            Purpose::Release => Profile::Plugin,
            Purpose::Work => Profile::Dev,
        };
        plugin_build::build_crate(folder, manifest, profile).map_err(|error| {
            let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
            Fault::new(ErrorCode::PluginInvalid, chain.join(": "))
                .hint("Mend what the compiler names above; `docs/plugins/rust.md` tells what must be installed.")
        })
    }

    fn test(&self, folder: &Path, arguments: &[String]) -> Result<bool, Fault> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(folder).arg("test").args(arguments);
        let status = cargo.status().map_err(|error| {
            Fault::new(ErrorCode::FileNotFound, format!("cargo cannot be started: {error}")).hint("Install Rust.")
        })?;
        Ok(status.success())
    }
}
