//! Rows that changed at the source while it was copied, found by a column that grows with every change.

use super::copy::{CopyOptions, Watcher, copy};
use super::look::origin;
use super::sql::{literal, quote, quote_table};
use super::{Look, TableJob};
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use data::connector::{ReadOptions, Relation};
use data::{Connector, Error, Mode, Result, System};
use model::{ErrorCode, nearest};
use serde::Serialize;
use std::sync::Arc;

/// What was copied after the load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CaughtUp {
    /// How many times the source was read again.
    pub rounds: u32,
    /// Rows that were copied again.
    pub rows: u64,
    /// Rows that the target refused, each as often as it was read.
    pub rejected: u64,
    /// Whether the last round found the source as the round before had left it.
    pub is_even: bool,
}

/// How changed rows are found.
#[derive(Debug, Clone)]
pub struct CatchUpOptions {
    /// The source's column that grows with every change.
    pub column: String,
    /// Where it stood before the load; none: there was no row.
    pub since: Option<String>,
    /// How many times the source is read again at most.
    pub rounds: u32,
    /// Hand rows that the target refuses to the watcher, instead of stopping.
    pub keep_refused: bool,
}

fn keyless(job: &TableJob) -> Error {
    let message =
        format!("the table `{}` has no key, so that changed rows cannot take the place of old ones", job.table);
    Error::permanent(ErrorCode::InvalidValue, message).hint("Give it a primary key, or leave `catch_up` out.")
}

/// Where `column` stands before the load, after making sure that changed rows will have a key to be told apart by.
///
/// # Errors
/// `invalid_value` where there will be no key, `column_not_found`, `table_not_found`, and whatever the systems meet.
pub async fn before_load(
    from: &dyn Connector,
    to: &dyn Connector,
    job: &TableJob,
    column: &str,
) -> Result<Option<String>> {
    let (origin, _) = origin(from, job, false).await?;
    let columns = &origin.structure.columns;
    if !columns.iter().any(|own| own.name == column) {
        let error = Error::permanent(ErrorCode::ColumnNotFound, format!("the source has no column `{column}`"));
        let near = nearest(column, columns.iter().map(|own| own.name.as_str()));
        return Err(error.hint(match near {
            Some(near) => format!("Did you mean `{near}`? `catch_up` needs a column that grows with every change."),
            None => "`catch_up` needs a column that grows with every change.".to_owned(),
        }));
    }
    let has_key = match to.find_table(&job.table).await? {
        Some(info) => !info.key.is_empty(),
        // A table that is made gets the source's primary key.
        None => !origin.structure.primary_key.is_empty(),
    };
    if !has_key {
        return Err(keyless(job));
    }
    largest(from, job, column).await
}

/// The largest value of the source's `column`, as text; none: there is no row with one.
///
/// # Errors
/// Whatever the source meets.
async fn largest(from: &dyn Connector, job: &TableJob, column: &str) -> Result<Option<String>> {
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
/// column's largest value stays where it is; at most `rounds` times. Rows that the target refuses end it, or are handed to the
/// watcher.
///
/// # Errors
/// As for [`copy`]; `invalid_value` where the target has no key to tell rows apart by.
pub async fn catch_up(
    from: &Arc<dyn Connector>,
    to: &Arc<dyn Connector>,
    job: &TableJob,
    options: CatchUpOptions,
    watcher: &dyn Watcher,
) -> Result<CaughtUp> {
    let CatchUpOptions { column, mut since, rounds, keep_refused } = options;
    let column = column.as_str();
    let has_key = to.find_table(&job.table).await?.is_some_and(|info| !info.key.is_empty());
    if !has_key {
        return Err(keyless(job));
    }
    let mut caught = CaughtUp::default();
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
        let options = CopyOptions { keep_refused, ..CopyOptions::default() };
        let copied = copy(from, to, &again, None, &options, watcher).await?;
        caught.rows += copied.read;
        caught.rejected += copied.rejected;
        caught.rounds += 1;
        since = reached;
    }
    Ok(caught)
}
