//! The settings of the step.

use plugin_sdk::ColumnType;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) api: String,
    #[serde(default)]
    pub(crate) params: Map<String, Value>,
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, ColumnType>,
    /// Volumes as shares and amounts as yuan.
    #[serde(default)]
    pub(crate) normalize: bool,
    /// Rows of one call.
    #[serde(default = "usual_page")]
    pub(crate) page: usize,
    pub(crate) calls_per_minute: Option<u32>,
    #[serde(default = "service")]
    pub(crate) url: String,
}

fn usual_page() -> usize {
    5000
}

fn service() -> String {
    "http://api.tushare.pro".to_owned()
}
