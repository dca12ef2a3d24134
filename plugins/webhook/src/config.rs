//! The settings of the channel.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) url: String,
    /// The event type that the receiver sees.
    #[serde(rename = "type", default = "alert")]
    pub(crate) event: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}

fn alert() -> String {
    "alert".to_owned()
}
