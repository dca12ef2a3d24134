//! The settings of the channel: there are none yet, the secret `url` says all.

use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {}
