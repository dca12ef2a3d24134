//! The care of plugins, as the API offers it: install, grant, roll back, remove, list, and how they fare.
//!
//! Plugins themselves are behind [`PluginShelf`], which `app` builds over the plugin host; nothing here knows WebAssembly.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use model::Fault;
use serde::Serialize;
use serde_json::Value;
use tracing::Level;

/// An installed plugin.
#[derive(Debug, Clone, Serialize)]
pub struct PluginView {
    /// Its name.
    pub name: String,
    /// The version in use.
    pub version: String,
    /// All versions that are kept, newest first.
    pub versions: Vec<String>,
    /// One sentence for people.
    pub description: String,
    /// The contract it was written for.
    pub contract: String,
    /// `source`, `sink`, `transform`, `channel`, `translator`.
    pub kinds: Vec<String>,
    /// What it asks to be granted, as `plugin.toml` writes it.
    pub asks: Value,
    /// What it was granted, as `--grant` writes it: `http:https://api.example.com`; of secrets the names and where they
    /// come from, never a value.
    pub grants: Vec<String>,
    /// What it asks for and was not granted.
    pub missing: Vec<String>,
    /// JSON Schema of its settings.
    pub config: Value,
    /// Digest of manifest and component.
    pub digest: String,
    /// The name of the trusted key that signed it.
    pub signed_by: Option<String>,
}

/// How a plugin has fared since the server started, all its versions together.
#[derive(Debug, Clone, Default)]
pub struct PluginHealth {
    /// Instances that were made.
    pub instances: u64,
    /// Calls of its functions.
    pub calls: u64,
    /// Errors that calls ended with.
    pub failures: u64,
    /// Of these, crashes and breaches of the contract.
    pub traps: u64,
    /// Of these, limits that it exceeded.
    pub limit_hits: u64,
    /// Time spent in calls, waiting included.
    pub seconds: f64,
    /// When the last failure was, and what.
    pub last_failure: Option<(DateTime<Utc>, Fault)>,
}

/// A line that a plugin has logged.
#[derive(Debug, Clone)]
pub struct PluginLine {
    /// Its place among the plugin's lines, counted from 1.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// How important.
    pub level: Level,
    /// The call it was logged in: it begins with run and step.
    pub call: String,
    /// The line.
    pub message: String,
    /// Named facts: `name=value name=value`.
    pub fields: String,
}

/// The installed plugins of this server.
#[async_trait]
pub trait PluginShelf: Send + Sync {
    /// All plugins by name.
    ///
    /// # Errors
    /// `disk_failed`.
    fn list(&self) -> Result<Vec<PluginView>, Fault>;

    /// The plugin of that name; `name@1.2` is a version of it.
    ///
    /// # Errors
    /// `plugin_not_found`.
    fn get(&self, name: &str) -> Result<PluginView, Fault>;

    /// Installs an archive made by `sluice plugin pack`. Without grants an upgrade keeps those it had.
    ///
    /// # Errors
    /// `plugin_invalid`, `capability_denied`, `invalid_value` for a grant that cannot be read.
    async fn install(&self, archive: Vec<u8>, grants: Option<Vec<String>>) -> Result<PluginView, Fault>;

    /// Replaces what the version in use was granted.
    ///
    /// # Errors
    /// As for [`PluginShelf::install`], and `plugin_not_found`.
    fn grant(&self, name: &str, grants: Vec<String>) -> Result<PluginView, Fault>;

    /// Puts an earlier version to use: the one before, or that of the given number.
    ///
    /// # Errors
    /// `plugin_not_found`.
    fn roll_back(&self, name: &str, to: Option<&str>) -> Result<PluginView, Fault>;

    /// Removes a plugin, or one version of it that is not in use: `name@1.2.3`.
    ///
    /// # Errors
    /// `plugin_not_found`.
    fn remove(&self, name: &str) -> Result<(), Fault>;

    /// How the plugin of that name has fared; none of it where it was never used.
    fn health(&self, name: &str) -> PluginHealth;

    /// The last lines that the plugin has logged, newest first: of that level or graver, before the line of that number.
    fn logs(&self, name: &str, level: Level, before: Option<u64>, most: usize) -> Vec<PluginLine>;
}
