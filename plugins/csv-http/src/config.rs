//! The settings of the step.

use plugin_sdk::ColumnType;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) format: Format,
    #[serde(default = "comma")]
    pub(crate) delimiter: char,
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, ColumnType>,
    #[serde(default)]
    pub(crate) on_error: OnError,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) authorized: bool,
    pub(crate) page: Option<Paging>,
}

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    #[default]
    Csv,
    Json,
    JsonLines,
}

/// What happens to a row with a value that does not convert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnError {
    #[default]
    Fail,
    Reject,
}

/// Pages to ask for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    pub(crate) parameter: String,
    #[serde(default = "one")]
    pub(crate) first: u64,
    #[serde(default = "many")]
    pub(crate) most: u64,
}

fn comma() -> char {
    ','
}

fn one() -> u64 {
    1
}

fn many() -> u64 {
    10_000
}
