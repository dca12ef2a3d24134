//! The settings of the channel.

use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Mobile numbers of those whom a critical alert calls.
    #[serde(default)]
    pub(crate) at_mobiles: Vec<String>,
    /// Whether a critical alert calls everybody.
    #[serde(default)]
    pub(crate) at_all: bool,
}
