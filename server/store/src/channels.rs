//! Saved channels: ways to reach people under a name.
//!
//! `secret` is sealed for the place `channel/<name>` ([`crate::secrets::place`]); the store never sees what is inside.

use crate::Database;
use crate::catalog::{Catalog, json, json_column, sealed, sealed_column};
use crate::error::Result;
use crate::secrets::Sealed;
use crate::sql::{self, column, instant, micros};
use chrono::{DateTime, Utc};
use model::ErrorCode;
use sea_orm::QueryResult;
use serde_json::Value;

const CATALOG: Catalog = Catalog {
    table: "channel",
    columns: "name, kind, settings, secret, created_at, updated_at",
    absent: ErrorCode::ChannelNotFound,
};

/// A saved channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelRecord {
    /// Its name, unique.
    pub name: String,
    /// What delivers: `mail`, `webhook`, `plugin/<name>`…
    pub kind: String,
    /// Everything but the secret.
    pub settings: Value,
    /// The secret, sealed.
    pub secret: Option<Sealed>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A channel to be saved.
#[derive(Debug, Clone, PartialEq)]
pub struct NewChannel {
    /// Its name.
    pub name: String,
    /// What delivers: `mail`, `webhook`, `plugin/<name>`…
    pub kind: String,
    /// Everything but the secret.
    pub settings: Value,
    /// The secret, sealed; on update, none keeps the one that is there.
    pub secret: Option<Sealed>,
}

impl Database {
    /// The channel of that name.
    ///
    /// # Errors
    /// `channel_not_found` with the nearest name in the hint, `store_failed`.
    pub async fn get_channel(&self, name: &str) -> Result<ChannelRecord> {
        match self.find_channel(name).await? {
            Some(record) => Ok(record),
            None => Err(CATALOG.not_found(&self.inner.reader, name).await),
        }
    }

    /// The channel of that name, if there is one.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_channel(&self, name: &str) -> Result<Option<ChannelRecord>> {
        CATALOG.find(&self.inner.reader, name).await?.as_ref().map(record).transpose()
    }

    /// Channel by name, at most `limit` (and 500) after the one called `after`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_channels(&self, after: Option<&str>, limit: u32) -> Result<Vec<ChannelRecord>> {
        CATALOG.list(&self.inner.reader, after, limit).await?.iter().map(record).collect()
    }

    /// Saves a new channel.
    ///
    /// # Errors
    /// `already_exists`, `invalid_value` for a name that cannot be, `store_failed`.
    pub async fn create_channel(&self, new: &NewChannel) -> Result<ChannelRecord> {
        CATALOG.check_name(&new.name)?;
        let now = micros(Utc::now());
        let values = vec![
            new.name.clone().into(),
            new.kind.clone().into(),
            json(&new.settings),
            sealed(new.secret.as_ref()),
            now.into(),
        ];
        let sql = "INSERT INTO channel (name, kind, settings, secret, created_at, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $5)";
        let inserted = sql::run(&self.inner.writer, sql, values).await;
        inserted.map_err(|error| CATALOG.explain_create(error, &new.name))?;
        self.get_channel(&new.name).await
    }

    /// Changes a channel; its secret only where a new one is given.
    ///
    /// # Errors
    /// `channel_not_found`, `store_failed`.
    pub async fn update_channel(&self, changed: &NewChannel) -> Result<ChannelRecord> {
        let values = vec![
            changed.kind.clone().into(),
            json(&changed.settings),
            sealed(changed.secret.as_ref()),
            micros(Utc::now()).into(),
            changed.name.clone().into(),
        ];
        let sql = "UPDATE channel SET kind = $1, settings = $2, secret = coalesce($3, secret), updated_at = $4 \
                   WHERE name = $5";
        if CATALOG.check_name(&changed.name).is_err() || sql::run(&self.inner.writer, sql, values).await? == 0 {
            return Err(CATALOG.not_found(&self.inner.reader, &changed.name).await);
        }
        self.get_channel(&changed.name).await
    }

    /// Removes a channel; false: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_channel(&self, name: &str) -> Result<bool> {
        CATALOG.delete(&self.inner.writer, name).await
    }
}

fn record(row: &QueryResult) -> Result<ChannelRecord> {
    Ok(ChannelRecord {
        name: column(row, 0)?,
        kind: column(row, 1)?,
        settings: json_column(row, 2)?,
        secret: sealed_column(row, 3)?,
        created_at: instant(row, 4)?,
        updated_at: instant(row, 5)?,
    })
}
