//! Statements, parameters and columns: the little that lies between the store's SQL and sea-orm.
//!
//! Statements are written once with `$1`, `$2`…, which both databases read. Where rows come in numbers, PostgreSQL takes
//! arrays (one statement text for any number), SQLite takes lists padded or cut to powers of two (few texts,
//! which stay prepared).

use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use model::ErrorCode;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, TryGetable, Value};
use std::fmt::Write;

/// Rows in one SQLite statement at most; with 11 columns far below its limit of 32,766 parameters.
const LARGEST_PIECE: usize = 64;

/// Runs a statement that answers rows.
pub(crate) async fn all(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> std::result::Result<Vec<QueryResult>, DbErr> {
    connection.query_all_raw(statement(connection, sql, values)).await
}

/// Runs a statement that answers at most one row.
pub(crate) async fn one(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> std::result::Result<Option<QueryResult>, DbErr> {
    connection.query_one_raw(statement(connection, sql, values)).await
}

/// Runs a statement that answers how many rows it touched.
pub(crate) async fn run(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> std::result::Result<u64, DbErr> {
    let result: ExecResult = connection.execute_raw(statement(connection, sql, values)).await?;
    Ok(result.rows_affected())
}

fn statement(connection: &impl ConnectionTrait, sql: impl Into<String>, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

/// Whether the connection speaks to PostgreSQL.
pub(crate) fn is_postgres(connection: &impl ConnectionTrait) -> bool {
    connection.get_database_backend() == DbBackend::Postgres
}

/// The column at that place.
pub(crate) fn column<T: TryGetable>(row: &QueryResult, index: usize) -> Result<T> {
    row.try_get_by_index(index).map_err(Error::from)
}

/// The instant in the column at that place.
pub(crate) fn instant(row: &QueryResult, index: usize) -> Result<DateTime<Utc>> {
    from_micros(column(row, index)?)
}

/// The instant in the column at that place, which may be null.
pub(crate) fn maybe_instant(row: &QueryResult, index: usize) -> Result<Option<DateTime<Utc>>> {
    column::<Option<i64>>(row, index)?.map(from_micros).transpose()
}

/// An instant as the database keeps it: microseconds since 1970; what is finer is cut.
pub(crate) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn from_micros(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| damaged(format!("instant {micros}")))
}

/// A small unsigned number from a column that holds a large signed one.
pub(crate) fn number(row: &QueryResult, index: usize) -> Result<u32> {
    let number: i64 = column(row, index)?;
    u32::try_from(number).map_err(|_| damaged(format!("number {number}")))
}

/// The database holds what this program never writes.
pub(crate) fn damaged(what: impl std::fmt::Display) -> Error {
    Error::permanent(ErrorCode::StoreFailed, format!("the metadata database holds an unreadable {what}"))
        .hint("Restore the database from a backup, or upgrade if a newer version wrote it")
}

/// Cuts `count` rows into pieces whose sizes are powers of two: few statement texts, all of which stay prepared.
pub(crate) fn pieces(count: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let left = count - start;
        if left == 0 {
            return None;
        }
        let size = LARGEST_PIECE.min(1 << left.ilog2());
        let piece = start..start + size;
        start += size;
        Some(piece)
    })
}

/// Repeats the last value until the list's length is a power of two, which changes nothing in an `IN (…)`.
pub(crate) fn pad(values: &mut Vec<Value>, start: usize) {
    if let Some(last) = values.get(start..).and_then(<[Value]>::last).cloned() {
        let wanted = (values.len() - start).next_power_of_two();
        values.resize(start + wanted, last);
    }
}

/// `($1,$2),($3,$4)`: places for `rows` rows of `columns` values, counted on from `first`.
pub(crate) fn places(first: usize, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    let mut place = first;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            // Writing into a string cannot fail.
            let _ = write!(text, "{}${place}", if column == 0 { "" } else { "," });
            place += 1;
        }
        text.push(')');
    }
    text
}

/// `$3,$4,$5`: places for a list.
pub(crate) fn list(first: usize, count: usize) -> String {
    let row = places(first, 1, count);
    row[1..row.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_all_rows_once_in_powers_of_two() {
        for count in 0..300 {
            let pieces: Vec<_> = pieces(count).collect();
            let rows: Vec<usize> = pieces.iter().cloned().flatten().collect();
            assert_eq!(rows, (0..count).collect::<Vec<_>>());
            assert!(pieces.iter().all(|piece| piece.len().is_power_of_two() && piece.len() <= LARGEST_PIECE));
        }
    }

    #[test]
    fn places_are_numbered_through() {
        assert_eq!(places(3, 2, 2), "($3,$4),($5,$6)");
        assert_eq!(list(1, 3), "$1,$2,$3");
    }

    #[test]
    fn padding_repeats_the_last_value() {
        let mut values: Vec<Value> = vec![9i64.into(), 1i64.into(), 2i64.into(), 3i64.into()];
        pad(&mut values, 1);
        assert_eq!(values.len(), 5);
        assert_eq!(values[4], 3i64.into());
        let mut none: Vec<Value> = vec![];
        pad(&mut none, 0);
        assert!(none.is_empty());
    }
}
