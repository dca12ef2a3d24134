//! The settings of the step.

use plugin_sdk::{ColumnType, Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) url: String,
    pub(crate) function: String,
    #[serde(default)]
    pub(crate) params: BTreeMap<String, String>,
    /// English names and shares, for the functions the plugin knows.
    #[serde(default)]
    pub(crate) canonical: bool,
    #[serde(default)]
    pub(crate) names: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, ColumnType>,
}

impl Config {
    /// Refuses what the server would evaluate or trip over.
    pub(crate) fn check(&self) -> Result<()> {
        plugin_sdk::url::check("url", &self.url)?;
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_word(&self.function) {
            return Err(Error::config("function", "`function` must be the name of an AkShare function"));
        }
        for (name, value) in &self.params {
            if !is_word(name) {
                return Err(Error::config("params", format!("`{name}` is no name of a parameter")));
            }
            let safe = |character: char| {
                character.is_ascii_alphanumeric()
                    || "_.: -".contains(character)
                    || ('\u{3400}'..='\u{9fff}').contains(&character)
            };
            if let Some(odd) = value.chars().find(|character| !safe(*character)) {
                let message =
                    format!("`{odd}` in parameter `{name}` is not allowed: AKTools evaluates what it is sent");
                return Err(Error::config("params", message));
            }
        }
        let cookie = |text: &String| text.contains("cookie");
        if self.params.len() > 1 && (self.params.keys().any(cookie) || self.params.values().any(cookie)) {
            return Err(Error::config("params", "with the word `cookie` AKTools takes one parameter alone"));
        }
        Ok(())
    }
}
