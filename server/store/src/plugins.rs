//! Installed plugins: what was installed, what was granted, whether it may run. The files lie in the data folder.

use crate::Database;
use crate::catalog::{Catalog, json, json_column};
use crate::error::Result;
use crate::sql::{self, column, instant, micros};
use chrono::{DateTime, Utc};
use model::ErrorCode;
use sea_orm::QueryResult;
use serde_json::Value;

const CATALOG: Catalog = Catalog {
    table: "plugin",
    columns: "name, version, digest, manifest, grants, enabled, created_at, updated_at",
    absent: ErrorCode::PluginNotFound,
};

/// An installed plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginRecord {
    /// Its name, unique: one version is installed at a time.
    pub name: String,
    /// Its version, as its manifest says.
    pub version: String,
    /// Digest of its component or script, which names the compiled copy.
    pub digest: String,
    /// Its manifest.
    pub manifest: Value,
    /// The capabilities an admin granted, as they were asked for then.
    pub grants: Value,
    /// Whether steps and channels may use it.
    pub enabled: bool,
    /// When a plugin of that name was first installed.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A plugin to be installed, or its new version.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPlugin {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Digest of its component or script.
    pub digest: String,
    /// Its manifest.
    pub manifest: Value,
    /// The capabilities granted.
    pub grants: Value,
    /// Whether it may be used.
    pub enabled: bool,
}

impl Database {
    /// The plugin of that name.
    ///
    /// # Errors
    /// `plugin_not_found` with the nearest name in the hint, `store_failed`.
    pub async fn get_plugin(&self, name: &str) -> Result<PluginRecord> {
        match self.find_plugin(name).await? {
            Some(record) => Ok(record),
            None => Err(CATALOG.not_found(&self.inner.reader, name).await),
        }
    }

    /// The plugin of that name, if there is one.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_plugin(&self, name: &str) -> Result<Option<PluginRecord>> {
        CATALOG.find(&self.inner.reader, name).await?.as_ref().map(record).transpose()
    }

    /// Plugins by name, at most `limit` (and 500) after the one called `after`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_plugins(&self, after: Option<&str>, limit: u32) -> Result<Vec<PluginRecord>> {
        CATALOG.list(&self.inner.reader, after, limit).await?.iter().map(record).collect()
    }

    /// Records a newly installed plugin.
    ///
    /// # Errors
    /// `already_exists`, `invalid_value` for a name that cannot be, `store_failed`.
    pub async fn create_plugin(&self, new: &NewPlugin) -> Result<PluginRecord> {
        CATALOG.check_name(&new.name)?;
        let sql = "INSERT INTO plugin (version, digest, manifest, grants, enabled, updated_at, name, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $6)";
        let inserted = sql::run(&self.inner.writer, sql, values(new)).await;
        inserted.map_err(|error| CATALOG.explain_create(error, &new.name))?;
        self.get_plugin(&new.name).await
    }

    /// Records another version, other grants, or that the plugin may or may not be used.
    ///
    /// # Errors
    /// `plugin_not_found`, `store_failed`.
    pub async fn update_plugin(&self, changed: &NewPlugin) -> Result<PluginRecord> {
        let sql = "UPDATE plugin SET version = $1, digest = $2, manifest = $3, grants = $4, enabled = $5, \
                   updated_at = $6 WHERE name = $7";
        if CATALOG.check_name(&changed.name).is_err() || sql::run(&self.inner.writer, sql, values(changed)).await? == 0
        {
            return Err(CATALOG.not_found(&self.inner.reader, &changed.name).await);
        }
        self.get_plugin(&changed.name).await
    }

    /// Forgets a plugin; false: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_plugin(&self, name: &str) -> Result<bool> {
        CATALOG.delete(&self.inner.writer, name).await
    }
}

fn values(plugin: &NewPlugin) -> Vec<sea_orm::Value> {
    vec![
        plugin.version.clone().into(),
        plugin.digest.clone().into(),
        json(&plugin.manifest),
        json(&plugin.grants),
        plugin.enabled.into(),
        micros(Utc::now()).into(),
        plugin.name.clone().into(),
    ]
}

fn record(row: &QueryResult) -> Result<PluginRecord> {
    Ok(PluginRecord {
        name: column(row, 0)?,
        version: column(row, 1)?,
        digest: column(row, 2)?,
        manifest: json_column(row, 3)?,
        grants: json_column(row, 4)?,
        enabled: column(row, 5)?,
        created_at: instant(row, 6)?,
        updated_at: instant(row, 7)?,
    })
}
