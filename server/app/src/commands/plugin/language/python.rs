//! Python: `componentize-py` in a virtual environment, made where there is none; tests run by `python -m unittest`.

use super::{Language, Purpose, TemplateFile, shared};
use model::{ErrorCode, Fault};
use plugin_host::PluginKind;
use std::path::Path;

pub(super) struct Python;

/// A file of the SDK, which a new plugin gets a copy of.
macro_rules! sdk {
    ($name:literal) => {
        TemplateFile {
            path: concat!("sluice_plugin/", $name),
            text: include_str!(concat!("../../../../../../plugin-sdk/python/sluice_plugin/", $name)),
        }
    };
}

macro_rules! template {
    ($path:literal, $folder:literal, $name:literal) => {
        TemplateFile {
            path: $path,
            text: include_str!(concat!("../../../../../../plugin-sdk/templates/python/", $folder, "/", $name)),
        }
    };
}

impl Language for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn owns(&self, folder: &Path) -> bool {
        folder.join("plugin.py").is_file() && folder.join("plugin.toml").is_file()
    }

    fn template(&self, kind: PluginKind) -> Vec<TemplateFile> {
        macro_rules! own {
            ($kind:literal) => {
                [template!("plugin.py", $kind, "plugin.py"), template!("test_plugin.py", $kind, "test_plugin.py")]
            };
        }
        let own = match kind {
            PluginKind::Source => own!("source"),
            PluginKind::Sink => own!("sink"),
            PluginKind::Transform => own!("transform"),
            PluginKind::Channel => own!("channel"),
            PluginKind::Translator => own!("translator"),
        };
        let project = [
            template!("requirements.txt", "shared", "requirements.txt.template"),
            template!(".gitignore", "shared", "gitignore.template"),
        ];
        shared::files(kind).into_iter().chain(own).chain(project).collect()
    }

    fn sdk(&self) -> Vec<TemplateFile> {
        vec![
            sdk!("__init__.py"),
            sdk!("batch.py"),
            sdk!("dev.py"),
            sdk!("error.py"),
            sdk!("database.py"),
            sdk!("guest.py"),
            sdk!("host.py"),
            sdk!("kinds.py"),
            sdk!("testing.py"),
        ]
    }

    fn build(&self, folder: &Path, manifest: &[u8], purpose: Purpose) -> Result<Vec<u8>, Fault> {
        plugin_build::build_python(folder, manifest, purpose == Purpose::Release)
            .map_err(|error| failed(format!("{error:#}")))
    }

    fn test(&self, folder: &Path, arguments: &[String]) -> Result<bool, Fault> {
        plugin_build::test_python(folder, arguments).map_err(|error| failed(format!("{error:#}")))
    }
}

fn failed(why: String) -> Fault {
    Fault::new(ErrorCode::PluginInvalid, why)
        .hint("`docs/plugins/python.md` tells what must be installed and how a plugin is laid out.")
}
