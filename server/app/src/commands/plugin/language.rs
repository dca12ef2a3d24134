//! What the author's commands must know of a language, one file each. A new language takes a file here, a line in
//! [`LANGUAGES`] and templates in `plugin-sdk/templates/<language>/`.

mod python;
mod rhai;
mod rust;
mod shared;
mod typescript;

use model::{ErrorCode, Fault};
use plugin_host::{Entry, PluginKind};
use std::path::Path;

/// A language plugins are written in.
pub(super) trait Language: Sync {
    /// Its word in `--language`.
    fn name(&self) -> &'static str;

    /// Whether the plugin in the folder is written in it.
    fn owns(&self, folder: &Path) -> bool;

    /// What a build gives.
    fn entry(&self) -> Entry {
        Entry::Component
    }

    /// Paths and texts of a new plugin, but for the SDK's; `{{name}}` and `{{sdk}}` are replaced.
    fn template(&self, kind: PluginKind) -> Vec<TemplateFile>;

    /// The SDK that a new plugin gets a copy of; none: the language needs none.
    fn sdk(&self) -> Vec<TemplateFile>;

    /// The same where it is taken from a checkout instead: what `{{sdk}}` stands for.
    fn sdk_of(&self, checkout: &Path) -> Result<String, Fault> {
        let _ = checkout;
        let message = format!("`--sdk` has no meaning in {}, whose SDK comes along as source", self.name());
        Err(Fault::new(ErrorCode::InvalidValue, message).hint("Leave it out."))
    }

    /// Builds the plugin in the folder and gives its code. Tools speak on the standard error.
    fn build(&self, folder: &Path, manifest: &[u8], purpose: Purpose) -> Result<Vec<u8>, Fault>;

    /// Runs the unit tests; false where some failed. They speak for themselves.
    fn test(&self, folder: &Path, arguments: &[String]) -> Result<bool, Fault>;
}

/// One file of a template.
pub(super) struct TemplateFile {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

/// What a build is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be shipped: small and quick.
    Release,
    /// To be tried at once: quickly built.
    Work,
}

/// All languages.
pub(super) const LANGUAGES: &[&dyn Language] = &[&rust::Rust, &typescript::TypeScript, &python::Python, &rhai::Rhai];

/// The language of that name.
pub(super) fn find(name: &str) -> Result<&'static dyn Language, Fault> {
    LANGUAGES.iter().find(|language| language.name() == name).copied().ok_or_else(|| {
        Fault::new(ErrorCode::InvalidValue, format!("`--language {name}` is not one of the languages with templates"))
            .hint(format!("There are: {}.", names()))
    })
}

/// The language of the plugin in a folder.
pub(super) fn of(folder: &Path) -> Result<&'static dyn Language, Fault> {
    LANGUAGES.iter().find(|language| language.owns(folder)).copied().ok_or_else(|| {
        let message = format!("`{}` holds no plugin that can be built", folder.display());
        let hint = "Name the folder of a plugin's source, or begin one with `sluice plugin new`.";
        Fault::new(ErrorCode::FileNotFound, message).hint(hint)
    })
}

fn names() -> String {
    LANGUAGES.iter().map(|language| language.name()).collect::<Vec<_>>().join(", ")
}
