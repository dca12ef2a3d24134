//! How each system deletes rows that are older than an instant, a piece at a time.

use arrow::datatypes::DataType;
use chrono::{DateTime, Datelike, Utc};
use data::connector::ColumnInfo;
use data::{Error, Result, System};
use model::ErrorCode;
use serde::Deserialize;

/// What a column of numbers counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    /// Seconds since 1970.
    S,
    /// Milliseconds since 1970.
    Ms,
    /// Microseconds since 1970.
    Us,
    /// Nanoseconds since 1970.
    Ns,
    /// Days such as 20240131.
    Yyyymmdd,
}

/// Statements about the old rows of one table.
pub(super) struct Statements {
    system: System,
    table: String,
    column: String,
    key: Vec<String>,
    before: String,
}

impl Statements {
    /// Statements about rows of `table` whose `column` lies before an instant.
    ///
    /// # Errors
    /// `unsupported` for a system without deletions, `invalid_value` for a column that does not say when.
    pub(super) fn new(
        system: System,
        table: &str,
        column: &ColumnInfo,
        key: &[String],
        before: DateTime<Utc>,
        unit: Option<Unit>,
    ) -> Result<Self> {
        if matches!(system, System::Redis | System::Http) {
            return Err(Error::permanent(
                ErrorCode::Unsupported,
                format!("a connection of system `{}` has no rows to delete by age", system.as_str()),
            )
            .hint("In Redis, let keys expire: `write` takes a `ttl`."));
        }
        let table_sql = table.split('.').map(|part| quote(system, part)).collect::<Vec<_>>().join(".");
        Ok(Self {
            system,
            table: table_sql,
            column: quote(system, &column.name),
            key: key.iter().map(|name| quote(system, name)).collect(),
            before: literal(system, column, before, unit)?,
        })
    }

    /// What holds for an old row.
    pub(super) fn condition(&self, filter: Option<&str>) -> String {
        let old = format!("{} < {}", self.column, self.before);
        // The filter's own end of line ends a comment in it.
        filter.map_or(old.clone(), |filter| format!("{old} AND (\n{filter}\n)"))
    }

    /// The statement that deletes a piece; none where the system has no pieces.
    pub(super) fn delete(&self, condition: &str, piece: u64) -> Option<String> {
        let table = &self.table;
        Some(match self.system {
            // Rows of two partitions may lie at the same place within theirs. The places alone find the rows at once.
            System::Postgres => format!(
                "WITH old AS MATERIALIZED (SELECT tableoid AS part, ctid AS place FROM {table} WHERE {condition} LIMIT {piece}) \
                 DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT place FROM old)) \
                 AND (tableoid, ctid) IN (SELECT part, place FROM old)"
            ),
            System::Mysql => format!("DELETE FROM {table} WHERE {condition} LIMIT {piece}"),
            System::Sqlite => {
                // A table may have been made `WITHOUT ROWID`; it has a key then.
                let key = if self.key.is_empty() { "rowid".to_owned() } else { self.key.join(", ") };
                format!(
                    "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} LIMIT {piece})"
                )
            }
            System::Tdengine | System::Redis | System::Http => return None,
        })
    }

    /// The statement that deletes all old rows at once.
    pub(super) fn delete_all(&self, condition: &str) -> String {
        format!("DELETE FROM {} WHERE {condition}", self.table)
    }

    /// The statement that drops whole old chunks of a hypertable.
    pub(super) fn drop_chunks(&self) -> Option<String> {
        (self.system == System::Postgres)
            .then(|| format!("SELECT drop_chunks('{}', older_than => {})", self.table.replace('\'', "''"), self.before))
    }
}

/// A name as the system writes it.
fn quote(system: System, name: &str) -> String {
    match system {
        System::Mysql | System::Tdengine => format!("`{}`", name.replace('`', "``")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// The instant as a value of the column.
fn literal(system: System, column: &ColumnInfo, before: DateTime<Utc>, unit: Option<Unit>) -> Result<String> {
    let is_number = |kind: &DataType| kind.is_integer() || matches!(kind, DataType::Decimal128(..) | DataType::Float64);
    let text = before.format("%Y-%m-%d %H:%M:%S%.6f");
    Ok(match (&column.data_type, unit) {
        (kind, Some(unit)) if is_number(kind) => match unit {
            Unit::S => before.timestamp().to_string(),
            Unit::Ms => before.timestamp_millis().to_string(),
            Unit::Us => before.timestamp_micros().to_string(),
            Unit::Ns => (i128::from(before.timestamp_micros()) * 1_000).to_string(),
            Unit::Yyyymmdd => {
                (i64::from(before.year()) * 10_000 + i64::from(before.month() * 100 + before.day())).to_string()
            }
        },
        (kind, None) if is_number(kind) => {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!("column `{}` holds numbers, and nothing says what they count", column.name),
            )
            .hint("Set `unit` to `s`, `ms`, `us`, `ns` or `yyyymmdd`."));
        }
        (kind, Some(Unit::Yyyymmdd)) if is_text(kind) => format!("'{}'", before.format("%Y%m%d")),
        (_, Some(_)) => {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!("column `{}` is of type `{}`, which has no `unit`", column.name, column.native_type),
            )
            .hint("Leave `unit` out."));
        }
        (DataType::Date32 | DataType::Date64, None) => format!("'{}'", before.format("%Y-%m-%d")),
        (DataType::Timestamp(_, zone), None) => match (system, zone) {
            (System::Postgres, Some(_)) => format!("'{text}+00'::timestamptz"),
            (System::Postgres, None) => format!("'{text}'::timestamp"),
            (System::Tdengine, _) => format!("'{}'", before.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            _ => format!("'{text}'"),
        },
        // Text in ISO 8601 sorts by time; the day is what all its spellings begin with.
        (kind, None) if is_text(kind) => format!("'{}'", before.format("%Y-%m-%d")),
        (_, None) => {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!("column `{}` is of type `{}`, which does not say when", column.name, column.native_type),
            )
            .hint("Name a column of dates or times, or of numbers with `unit`."));
        }
    })
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}
