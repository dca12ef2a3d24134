//! The settings of the channel.

use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) chat: String,
    /// The number of a topic in a group that has topics.
    pub(crate) topic: Option<i64>,
    /// The server of the Bot API.
    #[serde(default = "telegram")]
    pub(crate) base: String,
}

fn telegram() -> String {
    "https://api.telegram.org".to_owned()
}
