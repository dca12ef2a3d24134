//! The settings of the step.

use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) url: String,
    pub(crate) bucket: String,
    #[serde(default)]
    pub(crate) org: String,
    pub(crate) measurement: String,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    pub(crate) time: String,
}
