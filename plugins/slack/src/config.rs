//! The settings of the channel.

use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Whom a critical alert calls.
    pub(crate) mention: Option<String>,
}
