//! rhai: one script, which is installed as it is; its tests lie beside it.

use super::{Language, Purpose, TemplateFile};
use crate::output;
use model::{ErrorCode, Fault};
use plugin_host::{Entry, Manifest, PluginKind};
use std::path::Path;

const SCRIPT: &str = "plugin.rhai";
const TESTS: &str = "tests.rhai";

pub(super) struct Rhai;

/// The files of a kind.
macro_rules! files_of {
    ($kind:literal) => {
        files_of!($kind: "plugin.toml" "plugin.rhai" "tests.rhai" "README.md" "check.toml" "example.yaml")
    };
    ($kind:literal: $($name:literal)+) => {
        vec![$(TemplateFile {
            path: $name,
            text: include_str!(concat!("../../../../../../plugin-sdk/templates/rhai/", $kind, "/", $name)),
        }),+]
    };
}

impl Language for Rhai {
    fn name(&self) -> &'static str {
        "rhai"
    }

    fn owns(&self, folder: &Path) -> bool {
        folder.join(SCRIPT).is_file() && folder.join("plugin.toml").is_file()
    }

    fn entry(&self) -> Entry {
        Entry::Script
    }

    fn template(&self, kind: PluginKind) -> Vec<TemplateFile> {
        match kind {
            PluginKind::Source => files_of!("source"),
            PluginKind::Sink => files_of!("sink"),
            PluginKind::Transform => files_of!("transform"),
            PluginKind::Channel => files_of!("channel"),
            PluginKind::Translator => files_of!("translator"),
        }
    }

    fn sdk(&self) -> Vec<TemplateFile> {
        Vec::new()
    }

    fn build(&self, folder: &Path, manifest: &[u8], _: Purpose) -> Result<Vec<u8>, Fault> {
        let script = read(&folder.join(SCRIPT))?;
        let manifest = Manifest::parse(&String::from_utf8_lossy(manifest)).map_err(|error| *error.fault)?;
        plugin_host::check_script(&manifest, &script).map_err(|error| *error.fault)?;
        Ok(script)
    }

    fn test(&self, folder: &Path, arguments: &[String]) -> Result<bool, Fault> {
        let manifest = String::from_utf8_lossy(&read(&folder.join("plugin.toml"))?).into_owned();
        let manifest = Manifest::parse(&manifest).map_err(|error| *error.fault)?;
        let script = read(&folder.join(SCRIPT))?;
        let tests = String::from_utf8_lossy(&read(&folder.join(TESTS))?).into_owned();
        let ran = plugin_host::test_script(&manifest, &script, &tests).map_err(|error| *error.fault)?;
        // As with the other languages, an argument is a part of the names wanted.
        let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|part| name.contains(part.as_str()));
        let (mut passed, mut failed) = (0, 0);
        for test in ran.iter().filter(|test| wanted(&test.name)) {
            match &test.failure {
                None => passed += 1,
                Some(why) => {
                    failed += 1;
                    output::line(format!("FAIL {}: {}", test.name, output::one_line(why, 500)));
                }
            }
        }
        output::line(format!("{passed} passed, {failed} failed"));
        Ok(failed == 0)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(file)
        .map_err(|error| Fault::new(ErrorCode::FileNotFound, format!("`{}` cannot be read: {error}", file.display())))
}
