//! The settings of the channel.

use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// User ids of those whom a critical alert calls.
    #[serde(default)]
    pub(crate) mention: Vec<String>,
}
