//! TypeScript: esbuild and `componentize-qjs`, which the plugin's own `package.json` names; its tests run in Node.

use super::{Language, Purpose, TemplateFile, shared};
use model::{ErrorCode, Fault};
use plugin_host::PluginKind;
use std::path::Path;

pub(super) struct TypeScript;

/// A file of the SDK, which a new plugin gets a copy of.
macro_rules! sdk {
    ($name:literal) => {
        TemplateFile {
            path: concat!("sluice/", $name),
            text: include_str!(concat!("../../../../../../plugin-sdk/typescript/", $name)),
        }
    };
}

macro_rules! template {
    ($path:literal, $folder:literal, $name:literal) => {
        TemplateFile {
            path: $path,
            text: include_str!(concat!("../../../../../../plugin-sdk/templates/typescript/", $folder, "/", $name)),
        }
    };
}

impl Language for TypeScript {
    fn name(&self) -> &'static str {
        "typescript"
    }

    fn owns(&self, folder: &Path) -> bool {
        folder.join("package.json").is_file() && folder.join("src/plugin.ts").is_file()
    }

    fn template(&self, kind: PluginKind) -> Vec<TemplateFile> {
        macro_rules! own {
            ($kind:literal) => {
                [
                    template!("src/plugin.ts", $kind, "src/plugin.ts"),
                    template!("src/plugin.test.ts", $kind, "src/plugin.test.ts"),
                ]
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
            template!("package.json", "shared", "package.json.template"),
            template!("tsconfig.json", "shared", "tsconfig.json.template"),
            template!(".gitignore", "shared", "gitignore.template"),
        ];
        shared::files(kind).into_iter().chain(own).chain(project).collect()
    }

    fn sdk(&self) -> Vec<TemplateFile> {
        vec![
            sdk!("index.ts"),
            sdk!("batch.ts"),
            sdk!("error.ts"),
            sdk!("database.ts"),
            sdk!("guest.ts"),
            sdk!("host.ts"),
            sdk!("kinds.ts"),
            sdk!("testing.ts"),
            sdk!("text.ts"),
        ]
    }

    fn build(&self, folder: &Path, manifest: &[u8], purpose: Purpose) -> Result<Vec<u8>, Fault> {
        plugin_build::build_typescript(folder, manifest, purpose == Purpose::Release)
            .map_err(|error| failed(format!("{error:#}")))
    }

    fn test(&self, folder: &Path, arguments: &[String]) -> Result<bool, Fault> {
        plugin_build::test_typescript(folder, arguments).map_err(|error| failed(format!("{error:#}")))
    }
}

fn failed(why: String) -> Fault {
    Fault::new(ErrorCode::PluginInvalid, why)
        .hint("`docs/plugins/typescript.md` tells what must be installed and how a plugin is laid out.")
}
