//! What a new plugin has in whatever language: manifest, README, example and what `check` opens it with.

use super::TemplateFile;
use plugin_host::PluginKind;

/// The files of that kind that are the same for every language; they lie with Rust's templates.
pub(super) fn files(kind: PluginKind) -> [TemplateFile; 4] {
    macro_rules! of {
        ($kind:literal) => {
            [of!($kind, "plugin.toml"), of!($kind, "README.md"), of!($kind, "check.toml"), of!($kind, "example.yaml")]
        };
        ($kind:literal, $name:literal) => {
            TemplateFile {
                path: $name,
                text: include_str!(concat!("../../../../../../plugin-sdk/templates/rust/", $kind, "/", $name)),
            }
        };
    }
    match kind {
        PluginKind::Source => of!("source"),
        PluginKind::Sink => of!("sink"),
        PluginKind::Transform => of!("transform"),
        PluginKind::Channel => of!("channel"),
        PluginKind::Translator => of!("translator"),
    }
}
