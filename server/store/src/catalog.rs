//! What the catalogs of named records (connections, channels, plugins, settings, secrets) have in common.

use crate::error::{Error, Result, is_duplicate};
use crate::secrets::Sealed;
use crate::sql::{self, column};
use model::ErrorCode;
use sea_orm::{DatabaseConnection, DbErr, QueryResult, Value};

/// Longest name, in bytes.
const LONGEST_NAME: usize = 128;
/// Records on one page at most.
const LARGEST_PAGE: u32 = 500;

/// Which catalog, in the words of tables and of people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Catalog {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static str,
    pub(crate) absent: ErrorCode,
}

impl Catalog {
    /// The record's row, if there is one.
    pub(crate) async fn find(self, connection: &DatabaseConnection, name: &str) -> Result<Option<QueryResult>> {
        if name.contains('\0') {
            return Ok(None);
        }
        let sql = format!("SELECT {} FROM {} WHERE name = $1", self.columns, self.table);
        Ok(sql::one(connection, sql, vec![name.into()]).await?)
    }

    /// Records in the order of their names' bytes, after the one called `after`.
    pub(crate) async fn list(
        self,
        connection: &DatabaseConnection,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<QueryResult>> {
        let name = if sql::is_postgres(connection) { "name COLLATE \"C\"" } else { "name" };
        let after = after.unwrap_or_default();
        crate::error::check_text("the name to list after", after)?;
        let sql = format!("SELECT {} FROM {} WHERE {name} > $1 ORDER BY {name} LIMIT $2", self.columns, self.table);
        Ok(sql::all(connection, sql, vec![after.into(), i64::from(limit.min(LARGEST_PAGE)).into()]).await?)
    }

    /// Removes the record; false: there was none.
    pub(crate) async fn delete(self, connection: &DatabaseConnection, name: &str) -> Result<bool> {
        if name.contains('\0') {
            return Ok(false);
        }
        let sql = format!("DELETE FROM {} WHERE name = $1", self.table);
        Ok(sql::run(connection, sql, vec![name.into()]).await? > 0)
    }

    /// The error for a record that is not there, with the nearest name that is.
    pub(crate) async fn not_found(self, connection: &DatabaseConnection, name: &str) -> Error {
        let shown: String = name.chars().take(80).collect();
        let error = Error::permanent(self.absent, format!("there is no {} `{shown}`", self.table));
        let names = self.list(connection, None, LARGEST_PAGE).await.unwrap_or_default();
        let nearest = names
            .iter()
            .filter_map(|row| column::<String>(row, 0).ok())
            .map(|there| (strsim::jaro_winkler(&there, &shown), there))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((_, there)) => error.hint(format!("Did you mean `{there}`?")),
            None => error.hint(format!("`sluice {} list` shows what there is.", self.table)),
        }
    }

    /// Words the refusal of a second record of that name.
    pub(crate) fn explain_create(self, error: DbErr, name: &str) -> Error {
        if is_duplicate(&error) {
            return Error::permanent(ErrorCode::AlreadyExists, format!("there is a {} `{name}` already", self.table))
                .hint("Choose another name, or change the one that is there.");
        }
        error.into()
    }

    /// Refuses names that cannot be written, read or told apart.
    pub(crate) fn check_name(self, name: &str) -> Result<()> {
        let is_well = !name.is_empty()
            && name.len() <= LONGEST_NAME
            && name.trim() == name
            && !name.chars().any(char::is_control);
        if is_well {
            return Ok(());
        }
        let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
        Err(Error::permanent(ErrorCode::InvalidValue, format!("`{shown}` cannot be the name of a {}", self.table))
            .hint(format!("Use 1 to {LONGEST_NAME} bytes without control characters or blanks at the ends.")))
    }
}

/// JSON as the database keeps it.
pub(crate) fn json(value: &serde_json::Value) -> Value {
    value.to_string().into()
}

/// The JSON in the column at that place.
pub(crate) fn json_column(row: &QueryResult, index: usize) -> Result<serde_json::Value> {
    let text: String = column(row, index)?;
    serde_json::from_str(&text).map_err(|_| sql::damaged("JSON text"))
}

/// A sealed value as the database keeps it.
pub(crate) fn sealed(value: Option<&Sealed>) -> Value {
    Value::Bytes(value.map(|sealed| sealed.as_bytes().to_vec()))
}

/// The sealed value in the column at that place.
pub(crate) fn sealed_column(row: &QueryResult, index: usize) -> Result<Option<Sealed>> {
    Ok(column::<Option<Vec<u8>>>(row, index)?.map(Sealed::from_bytes))
}
