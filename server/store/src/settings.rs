//! Named settings (plain JSON) and named secrets (sealed), for what has no table of its own.

use crate::Database;
use crate::catalog::{Catalog, json, json_column, sealed, sealed_column};
use crate::error::Result;
use crate::secrets::Sealed;
use crate::sql::{self, column, micros};
use chrono::Utc;
use model::ErrorCode;
use serde_json::Value;

const SETTINGS: Catalog =
    Catalog { table: "setting", columns: "name, content", absent: ErrorCode::InvalidConfiguration };
const SECRETS: Catalog = Catalog { table: "secret", columns: "name, sealed", absent: ErrorCode::InvalidConfiguration };

impl Database {
    /// The setting of that name, if it was ever saved.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_setting(&self, name: &str) -> Result<Option<Value>> {
        SETTINGS.find(&self.inner.reader, name).await?.map(|row| json_column(&row, 1)).transpose()
    }

    /// Saves the setting, whether or not it was there.
    ///
    /// # Errors
    /// `invalid_value` for a name that cannot be, `store_failed`.
    pub async fn update_setting(&self, name: &str, content: &Value) -> Result<()> {
        SETTINGS.check_name(name)?;
        let sql = "INSERT INTO setting (name, content, updated_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (name) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at";
        sql::run(&self.inner.writer, sql, vec![name.into(), json(content), micros(Utc::now()).into()]).await?;
        Ok(())
    }

    /// Removes the setting; false: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_setting(&self, name: &str) -> Result<bool> {
        SETTINGS.delete(&self.inner.writer, name).await
    }

    /// The secret of that name, sealed for the place `secret/<name>`, if there is one.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_secret(&self, name: &str) -> Result<Option<Sealed>> {
        match SECRETS.find(&self.inner.reader, name).await? {
            Some(row) => sealed_column(&row, 1),
            None => Ok(None),
        }
    }

    /// Names of the secrets, in order, at most `limit` (and 500) after the one called `after`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_secrets(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        SECRETS.list(&self.inner.reader, after, limit).await?.iter().map(|row| column(row, 0)).collect()
    }

    /// Saves the secret, whether or not it was there.
    ///
    /// # Errors
    /// `invalid_value` for a name that cannot be, `store_failed`.
    pub async fn update_secret(&self, name: &str, secret: &Sealed) -> Result<()> {
        SECRETS.check_name(name)?;
        let sql = "INSERT INTO secret (name, sealed, created_at, updated_at) VALUES ($1, $2, $3, $3) \
                   ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at";
        sql::run(&self.inner.writer, sql, vec![name.into(), sealed(Some(secret)), micros(Utc::now()).into()]).await?;
        Ok(())
    }

    /// Removes the secret; false: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_secret(&self, name: &str) -> Result<bool> {
        SECRETS.delete(&self.inner.writer, name).await
    }
}
