//! Rows that changed at the source while it was copied, found by a column that grows with every change.

use super::copy::{CopyOptions, Watcher, copy};
use super::sql::{literal, quote, quote_table};
use super::{Look, TableJob};
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use data::connector::{ReadOptions, Relation};
use data::{Connector, Error, Mode, Result, System};
use model::ErrorCode;
use serde::Serialize;
use std::sync::Arc;

/// What was copied after the load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CaughtUp {
    /// How many times the source was read again.
    pub rounds: u32,
    /// Rows that were copied again.
    pub rows: u64,
    /// Whether the last round found the source as the round before had left it.
    pub is_even: bool,
}

/// The largest value of the source's `column`, as text; none: there is no row with one.
///
/// # Errors
/// Whatever the source meets.
pub async fn largest(from: &dyn Connector, job: &TableJob, column: &str) -> Result<Option<String>> {
    let system = from.system();
    let name = quote(system, column);
    let text = match system {
        System::Mysql => format!("CAST(MAX({name}) AS CHAR)"),
        System::Postgres => format!("max({name})::text"),
        _ => format!("CAST(max({name}) AS TEXT)"),
    };
    let rows = match &job.relation {
        Relation::Table(table) => quote_table(system, table),
        Relation::Query(sql) => format!("({sql}\n) AS source_rows"),
    };
    let filter = job.filter.as_ref().map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
    let mut source = from.read(ReadOptions::query(&format!("SELECT {text} AS largest FROM {rows}{filter}"))).await?;
    let Some(batch) = source.next().await? else { return Ok(None) };
    let column = cast(batch.records.column(0), &DataType::Utf8)?;
    let column = column.as_string::<i32>();
    Ok((!column.is_empty() && column.is_valid(0)).then(|| column.value(0).to_owned()))
}

/// Copies rows whose `column` is at least `since` over those of the target, and again what changed meanwhile, until the
/// column's largest value stays where it is; at most `rounds` times.
///
/// # Errors
/// As for [`copy`]; `invalid_value` where the target has no key to tell rows apart by.
pub async fn catch_up(
    from: &Arc<dyn Connector>,
    to: &Arc<dyn Connector>,
    job: &TableJob,
    column: &str,
    since: Option<String>,
    rounds: u32,
    watcher: &dyn Watcher,
) -> Result<CaughtUp> {
    let has_key = to.find_table(&job.table).await?.is_some_and(|info| !info.key.is_empty());
    if !has_key {
        let message =
            format!("the table `{}` has no key, so that changed rows cannot take the place of old ones", job.table);
        return Err(
            Error::permanent(ErrorCode::InvalidValue, message).hint("Give it a primary key, or leave `catch_up` out.")
        );
    }
    let mut caught = CaughtUp::default();
    let mut since = since;
    while caught.rounds < rounds {
        let reached = largest(from.as_ref(), job, column).await?;
        // Rows of the very moment may have come since; they are read once more, which does no harm.
        if caught.rounds > 0 && reached == since {
            caught.is_even = true;
            break;
        }
        let newer = since
            .as_ref()
            .map(|since| format!("{} >= {}", quote(from.system(), column), literal(from.system(), since)));
        let filter = match (&job.filter, newer) {
            (Some(filter), Some(newer)) => Some(format!("({filter}) AND {newer}")),
            (filter, newer) => newer.or_else(|| filter.clone()),
        };
        let again = TableJob { filter, mode: Mode::Upsert, look: Look::Structure, ..job.clone() };
        // A row written twice is the same row; no ledger is needed.
        caught.rows += copy(from, to, &again, None, &CopyOptions::default(), watcher).await?.read;
        caught.rounds += 1;
        since = reached;
    }
    Ok(caught)
}
