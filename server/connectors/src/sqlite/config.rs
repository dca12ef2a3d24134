//! Settings of an SQLite connection.

use crate::error::read_settings;
use data::Result;
use serde::Deserialize;
use std::path::PathBuf;

/// Where the file is and how to open it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Path of the database file.
    pub path: PathBuf,
    /// Make the file where it does not exist; default true.
    #[serde(default = "yes")]
    pub create: bool,
    /// Open the file for reading only; default false.
    #[serde(default)]
    pub read_only: bool,
    /// How long to wait for another writer, in milliseconds; default 10,000.
    #[serde(default = "busy_timeout_ms")]
    pub busy_timeout_ms: u64,
}

fn yes() -> bool {
    true
}

fn busy_timeout_ms() -> u64 {
    10_000
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `unknown_key` or `invalid_value`.
    pub fn parse(settings: &serde_json::Value) -> Result<Self> {
        read_settings("sqlite", settings)
    }
}
