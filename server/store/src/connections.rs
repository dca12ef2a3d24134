//! Saved connections: addresses of outside systems under a name.
//!
//! `secret` is sealed for the place `connection/<name>` ([`crate::secrets::place`]); the store never sees what is inside.

use crate::Database;
use crate::catalog::{Catalog, json, json_column, sealed, sealed_column};
use crate::error::Result;
use crate::secrets::Sealed;
use crate::sql::{self, column, instant, maybe_instant, micros};
use chrono::{DateTime, Utc};
use model::ErrorCode;
use sea_orm::QueryResult;
use serde_json::Value;

const CATALOG: Catalog = Catalog {
    table: "connection",
    columns: "name, system, settings, secret, created_at, updated_at, allow_write, description, labels, revision, tested_at, \
              test_result",
    absent: ErrorCode::ConnectionNotFound,
};

/// A saved connection.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionRecord {
    /// Its name, unique.
    pub name: String,
    /// Which connector opens it: `postgres`, `mysql`, `sqlite`…
    pub system: String,
    /// Everything but the secret.
    pub settings: Value,
    /// The secret, sealed.
    pub secret: Option<Sealed>,
    /// Whether the console may write through it, where the caller's role allows writing too.
    pub allow_write: bool,
    /// What people say about it.
    pub description: Option<String>,
    /// Words to find it by.
    pub labels: Vec<String>,
    /// Grows with each change, also where the clock stands still.
    pub revision: i64,
    /// When it was last tested.
    pub tested_at: Option<DateTime<Utc>>,
    /// How that went, as whoever tested it spells it.
    pub test_result: Option<Value>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed; a test is no change.
    pub updated_at: DateTime<Utc>,
}

/// A connection to be saved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewConnection {
    /// Its name.
    pub name: String,
    /// Which connector opens it: `postgres`, `mysql`, `sqlite`…
    pub system: String,
    /// Everything but the secret.
    pub settings: Value,
    /// The secret, sealed; none: it has none.
    pub secret: Option<Sealed>,
    /// Whether the console may write through it.
    pub allow_write: bool,
    /// What people say about it.
    pub description: Option<String>,
    /// Words to find it by.
    pub labels: Vec<String>,
}

impl Database {
    /// The connection of that name.
    ///
    /// # Errors
    /// `connection_not_found` with the nearest name in the hint, `store_failed`.
    pub async fn get_connection(&self, name: &str) -> Result<ConnectionRecord> {
        match self.find_connection(name).await? {
            Some(record) => Ok(record),
            None => Err(CATALOG.not_found(&self.inner.reader, name).await),
        }
    }

    /// The connection of that name, if there is one.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_connection(&self, name: &str) -> Result<Option<ConnectionRecord>> {
        CATALOG.find(&self.inner.reader, name).await?.as_ref().map(record).transpose()
    }

    /// Connection by name, at most `limit` (and 500) after the one called `after`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_connections(&self, after: Option<&str>, limit: u32) -> Result<Vec<ConnectionRecord>> {
        CATALOG.list(&self.inner.reader, after, limit).await?.iter().map(record).collect()
    }

    /// Saves a new connection.
    ///
    /// # Errors
    /// `already_exists`, `invalid_value` for a name that cannot be, `store_failed`.
    pub async fn create_connection(&self, new: &NewConnection) -> Result<ConnectionRecord> {
        CATALOG.check_name(&new.name)?;
        check(new)?;
        let now = micros(Utc::now());
        let values = vec![
            new.name.clone().into(),
            new.system.clone().into(),
            json(&new.settings),
            sealed(new.secret.as_ref()),
            now.into(),
            new.allow_write.into(),
            new.description.clone().into(),
            labels(&new.labels),
        ];
        let sql = "INSERT INTO connection (name, system, settings, secret, created_at, updated_at, allow_write, \
                   description, labels) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)";
        let inserted = sql::run(&self.inner.writer, sql, values).await;
        inserted.map_err(|error| CATALOG.explain_create(error, &new.name))?;
        self.get_connection(&new.name).await
    }

    /// Changes a connection that is still at `revision`; none: somebody else changed it meanwhile.
    ///
    /// # Errors
    /// `connection_not_found`, `store_failed`.
    pub async fn update_connection(&self, changed: &NewConnection, revision: i64) -> Result<Option<ConnectionRecord>> {
        check(changed)?;
        let values = vec![
            changed.system.clone().into(),
            json(&changed.settings),
            sealed(changed.secret.as_ref()),
            micros(Utc::now()).into(),
            changed.allow_write.into(),
            changed.description.clone().into(),
            labels(&changed.labels),
            changed.name.clone().into(),
            revision.into(),
        ];
        // What an earlier test said is not true of the changed connection.
        let sql = "UPDATE connection SET system = $1, settings = $2, secret = $3, updated_at = $4, allow_write = $5, \
                   description = $6, labels = $7, revision = revision + 1, tested_at = NULL, test_result = NULL \
                   WHERE name = $8 AND revision = $9";
        let is_changed =
            CATALOG.check_name(&changed.name).is_ok() && sql::run(&self.inner.writer, sql, values).await? > 0;
        let record = self.get_connection(&changed.name).await?;
        Ok(is_changed.then_some(record))
    }

    /// Notes how a test went, unless the connection was changed meanwhile.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn record_connection_test(
        &self,
        name: &str,
        revision: i64,
        at: DateTime<Utc>,
        result: &Value,
    ) -> Result<()> {
        let sql = "UPDATE connection SET tested_at = $1, test_result = $2 WHERE name = $3 AND revision = $4";
        sql::run(&self.inner.writer, sql, vec![micros(at).into(), json(result), name.into(), revision.into()]).await?;
        Ok(())
    }

    /// Removes a connection; false: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_connection(&self, name: &str) -> Result<bool> {
        CATALOG.delete(&self.inner.writer, name).await
    }
}

fn labels(labels: &[String]) -> sea_orm::Value {
    json(&Value::from(labels))
}

/// Refuses text the database cannot keep. Zero bytes within JSON are escaped there.
fn check(new: &NewConnection) -> Result<()> {
    crate::error::check_text("the description", new.description.as_deref().unwrap_or_default())
}

fn record(row: &QueryResult) -> Result<ConnectionRecord> {
    Ok(ConnectionRecord {
        name: column(row, 0)?,
        system: column(row, 1)?,
        settings: json_column(row, 2)?,
        secret: sealed_column(row, 3)?,
        created_at: instant(row, 4)?,
        updated_at: instant(row, 5)?,
        allow_write: column(row, 6)?,
        description: column(row, 7)?,
        labels: serde_json::from_value(json_column(row, 8)?).map_err(|_| sql::damaged("list of labels"))?,
        revision: column(row, 9)?,
        tested_at: maybe_instant(row, 10)?,
        test_result: column::<Option<String>>(row, 11)?
            .map(|text| serde_json::from_str(&text).map_err(|_| sql::damaged("test result")))
            .transpose()?,
    })
}
