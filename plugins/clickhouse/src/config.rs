//! The settings of the step, for both kinds.

use plugin_sdk::{Error, Host, Result, url};
use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) url: String,
    pub(crate) database: Option<String>,
    #[serde(default = "default")]
    pub(crate) user: String,
    pub(crate) query: Option<String>,
    pub(crate) table: Option<String>,
}

fn default() -> String {
    "default".to_owned()
}

impl Config {
    /// The settings, their address checked.
    pub(crate) fn of(host: &Host) -> Result<Self> {
        let config: Self = host.settings()?;
        url::check("url", &config.url)?;
        Ok(config)
    }

    /// What a source needs.
    pub(crate) fn query(&self) -> Result<&str> {
        let query = self.query.as_deref().map(|query| query.trim().trim_end_matches(';').trim_end());
        query.filter(|query| !query.is_empty()).ok_or_else(|| Error::config("query", "a source needs `query`"))
    }

    /// What a sink needs: the table, quoted.
    pub(crate) fn table(&self) -> Result<String> {
        let table = self.table.as_deref().ok_or_else(|| Error::config("table", "a sink needs `table`"))?;
        Ok(table.split('.').map(quote).collect::<Vec<_>>().join("."))
    }
}

/// A name in backticks.
pub(crate) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}
