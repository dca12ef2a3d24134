//! The settings of the channel.

use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default = "events")]
    pub(crate) url: String,
    /// What the incident says it comes from.
    #[serde(default = "sluice")]
    pub(crate) source: String,
    pub(crate) component: Option<String>,
    pub(crate) group: Option<String>,
}

fn events() -> String {
    "https://events.pagerduty.com/v2/enqueue".to_owned()
}

fn sluice() -> String {
    "sluice".to_owned()
}
