//! The settings of the step.

use plugin_sdk::ColumnType;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) query: String,
    #[serde(default)]
    pub(crate) params: Map<String, Value>,
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, ColumnType>,
    #[serde(default = "public")]
    pub(crate) host: String,
    #[serde(default = "usual_port")]
    pub(crate) port: u16,
}

fn public() -> String {
    "public-api.baostock.com".to_owned()
}

fn usual_port() -> u16 {
    10_030
}
