//! The settings of the step.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) columns: BTreeMap<String, Method>,
    #[serde(default = "Kind::all")]
    pub(crate) detect: Vec<Kind>,
    #[serde(default = "stars")]
    pub(crate) mark: String,
}

/// What happens to a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    Null,
    Redact,
    Hash,
    Last4,
    Email,
    Detect,
}

/// What is looked for in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Email,
    Card,
    Phone,
    IdCn,
    Ipv4,
}

impl Kind {
    fn all() -> Vec<Self> {
        vec![Self::Email, Self::Card, Self::Phone, Self::IdCn, Self::Ipv4]
    }
}

fn stars() -> String {
    "***".to_owned()
}
