//! The world a plugin is built for: the contract's interfaces that its manifest asks for, and the kinds it has.
//!
//! Compilers of other languages keep every import of their world, so the world is made to measure: what a component
//! imports is then what its manifest asks for.

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The contract, without worlds of any plugin.
const CONTRACT: &str = include_str!("../../wit/0.1/plugin.wit");

/// Beside the contract: what only builds of work in progress import.
const DEV: &str =
    "interface dev {\n  /// What the section `sluice:source` of the component holds.\n  source: func() -> string;\n}\n";

/// What of a manifest decides on the world.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// `source`, `sink`, ...
    pub(crate) kinds: Vec<String>,
    #[serde(default)]
    capabilities: toml::Table,
}

impl Wanted {
    /// Reads the text of a `plugin.toml`, which the server will hold against more than this.
    pub(crate) fn of(manifest: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(manifest).context("`plugin.toml` is not UTF-8 text")?;
        let wanted: Self = toml::from_str(text).context("`plugin.toml` cannot be read")?;
        let known = ["source", "sink", "transform", "channel", "translator"];
        if wanted.kinds.is_empty() || wanted.kinds.iter().any(|kind| !known.contains(&kind.as_str())) {
            bail!("`kinds` in `plugin.toml` must be of {}", known.join(", "));
        }
        Ok(wanted)
    }

    /// The interfaces to import, by their bare names.
    pub(crate) fn imports(&self) -> Vec<&'static str> {
        let asks = |key: &str| match self.capabilities.get(key) {
            Some(toml::Value::Boolean(asked)) => *asked,
            Some(toml::Value::Array(asked)) => !asked.is_empty(),
            _ => false,
        };
        let asked = [
            ("secrets", "secret"),
            ("clock", "clock"),
            ("kv", "kv"),
            ("http", "http"),
            ("tcp", "tcp"),
            ("sql", "sql"),
            ("redis", "redis"),
        ];
        let asked = asked.into_iter().filter(|(key, _)| asks(key)).map(|(_, interface)| interface);
        ["log", "config", "progress"].into_iter().chain(asked).collect()
    }

    /// The contract with a world `plugin` of just these.
    pub(crate) fn wit(&self) -> String {
        self.world("")
    }

    /// The same for a component that is built once and gets its source from the host at every start.
    pub(crate) fn wit_for_work(&self) -> String {
        format!("{}\n/// The plugin's own source.\n{DEV}", self.world("  import dev;\n"))
    }

    fn world(&self, more: &str) -> String {
        let imports = self.imports().into_iter().map(|it| format!("  import {it};\n")).collect::<String>();
        let exports = self.kinds.iter().map(|it| format!("  export {it};\n")).collect::<String>();
        format!("{CONTRACT}\n/// The plugin.\nworld plugin {{\n{imports}{more}{exports}}}\n")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_world_has_what_the_manifest_asks_for_and_no_more() {
        let manifest =
            "kinds = [\"source\"]\n[capabilities]\nhttp = [\"https://*\"]\nsecrets = []\nclock = true\nkv = false";
        let wanted = Wanted::of(manifest.as_bytes()).unwrap();
        assert_eq!(wanted.imports(), ["log", "config", "progress", "clock", "http"]);
        let world = wanted.wit();
        assert!(world.ends_with("import clock;\n  import http;\n  export source;\n}\n"), "{world}");
    }

    #[test]
    fn kinds_that_are_none_are_refused() {
        for kinds in ["[]", "[\"reader\"]"] {
            let error = Wanted::of(format!("kinds = {kinds}").as_bytes()).unwrap_err();
            assert!(error.to_string().contains("`kinds`"), "{error}");
        }
    }
}
