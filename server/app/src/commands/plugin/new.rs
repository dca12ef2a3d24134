//! `sluice plugin new`: a folder that builds, from the templates in the binary.

use super::language::{self, TemplateFile};
use crate::output;
use clap::Args;
use model::{ErrorCode, Fault};
use plugin_host::{Entry, Manifest, PluginKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct New {
    /// Its name: lowercase letters, digits and `-`; the folder is called the same.
    name: String,
    /// What it does.
    #[arg(long, value_parser = parse_kind)]
    kind: PluginKind,
    /// What it is written in: `rust`, `typescript`, `python` or `rhai`.
    #[arg(long, default_value = "rust")]
    language: String,
    /// Rust: depend on the SDK in this checkout of the server rather than on a copy.
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
    /// The folder to make, rather than one of the plugin's name.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

fn parse_kind(text: &str) -> Result<PluginKind, String> {
    PluginKind::ALL.iter().find(|kind| kind.as_str() == text).copied().ok_or_else(|| {
        let kinds = PluginKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
        format!("choose one of {}", kinds.join(", "))
    })
}

impl New {
    pub(super) fn run(self) -> Result<ExitCode, Fault> {
        let language = language::find(&self.language)?;
        Manifest::check_name(&self.name).map_err(|error| *error.fault)?;
        // Where the copy lies, as the dependency names it.
        let (sdk, copied) = match &self.sdk {
            Some(checkout) => (language.sdk_of(checkout)?, Vec::new()),
            None => ("{ path = \"sluice\" }".to_owned(), language.sdk()),
        };
        let folder = self.folder.unwrap_or_else(|| PathBuf::from(&self.name));
        if folder.exists() {
            let message = format!("`{}` is there already", folder.display());
            return Err(Fault::new(ErrorCode::AlreadyExists, message).hint("Choose another name, or give `--folder`."));
        }
        for TemplateFile { path, text } in language.template(self.kind).into_iter().chain(copied) {
            let text = text.replace("{{name}}", &self.name).replace("{{sdk}}", &sdk);
            write(&folder.join(path), &text)?;
        }
        output::line(format!("made `{}`, a {} in {}", folder.display(), self.kind.as_str(), self.language));
        let build = if language.entry() == Entry::Component { "sluice plugin build && " } else { "" };
        output::line(format!("next: cd {} && {build}sluice plugin check", folder.display()));
        Ok(ExitCode::SUCCESS)
    }
}

fn write(file: &Path, text: &str) -> Result<(), Fault> {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file, text))
        .map_err(|error| Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be written: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_template_has_what_a_plugin_needs_and_a_good_manifest() {
        for language in language::LANGUAGES {
            for kind in PluginKind::ALL {
                let files = language.template(kind);
                for needed in ["plugin.toml", "README.md", "check.toml", "example.yaml"] {
                    assert!(files.iter().any(|file| file.path == needed), "{} {kind:?} {needed}", language.name());
                }
                let manifest = files.iter().find(|file| file.path == "plugin.toml").unwrap();
                let manifest = Manifest::parse(&manifest.text.replace("{{name}}", "some-name")).unwrap();
                assert_eq!(manifest.kinds, [kind]);
            }
        }
    }

    #[test]
    fn the_sdk_comes_along_whole_unless_a_checkout_is_named() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        for (language, folder, below) in [
            ("rust", "plugin-sdk/src", "sluice/src"),
            ("typescript", "plugin-sdk/typescript", "sluice"),
            ("python", "plugin-sdk/python/sluice_plugin", "sluice_plugin"),
        ] {
            let copied: Vec<&str> = language::find(language).unwrap().sdk().iter().map(|file| file.path).collect();
            for entry in std::fs::read_dir(checkout.join(folder)).unwrap() {
                let (name, kind) = entry.map(|entry| (entry.file_name(), entry.file_type().unwrap())).unwrap();
                let path = format!("{below}/{}", name.to_str().unwrap());
                assert!(!kind.is_file() || copied.contains(&path.as_str()), "{language}: {path} is not copied");
            }
        }
        let rust = language::find("rust").unwrap();
        // Its dependencies are those of the checkout.
        let workspace = std::fs::read_to_string(checkout.join("Cargo.toml")).unwrap();
        let manifest = rust.sdk().into_iter().find(|file| file.path == "sluice/Cargo.toml").unwrap().text;
        let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
        for line in dependencies.lines() {
            assert!(workspace.lines().any(|known| known.starts_with(line)), "{line}");
        }
        assert!(rust.sdk_of(checkout).unwrap().contains("plugin-sdk\""));
        assert_eq!(rust.sdk_of(Path::new("/nowhere")).unwrap_err().code, ErrorCode::FileNotFound);
        assert_eq!(language::find("python").unwrap().sdk_of(checkout).unwrap_err().code, ErrorCode::InvalidValue);
        assert!(language::find("cobol").err().unwrap().hint.unwrap().contains("rust"));
    }
}
