//! Two tables of one file: rows of one without an equal in the other.

use super::Sqlite;
use super::introspect::{Table, TableColumn};
use super::split::describe;
use super::types::Kind;
use crate::error::column_not_found;
use crate::name::quote;
use crate::twin::{incomparable, not_a_key, unjoinable, unmatched};
use data::{Result, Site, TwinRequest};
use std::path::PathBuf;

/// Where `table` is: the file's one name on this machine.
pub(super) async fn site(sqlite: &Sqlite, table: &str) -> Result<Site> {
    let table = describe(sqlite, table).await?;
    let path = one_name(sqlite).ok_or_else(|| unjoinable("the file has no one name"))?;
    let mark = path.to_string_lossy().into_owned();
    Ok(Site { table: quote(&table.name), mark, user: String::new(), schema: String::new(), held: Box::new(()) })
}

/// Whether it is this file.
pub(super) fn sees(sqlite: &Sqlite, site: &Site) -> bool {
    one_name(sqlite).is_some_and(|path| path.to_string_lossy() == site.mark)
}

fn one_name(sqlite: &Sqlite) -> Option<PathBuf> {
    std::fs::canonicalize(&sqlite.config.path).ok()
}

/// The condition for rows without an equal in the other table.
pub(super) async fn unmatched_filter(sqlite: &Sqlite, request: &TwinRequest) -> Result<String> {
    let own = describe(sqlite, &request.table).await?;
    let other = describe(sqlite, &request.other).await?;
    let (own_key, other_key): (Vec<String>, Vec<String>) = request.key.iter().cloned().unzip();
    for (table, key) in [(&own, &own_key), (&other, &other_key)] {
        if key.is_empty() || !table.is_unique(key) || !table.never_null(key) {
            return Err(not_a_key(&table.name));
        }
    }
    let mut matched = Vec::new();
    for (index, (own_name, other_name)) in request.key.iter().chain(&request.columns).enumerate() {
        let (left, right) = (find(&own, own_name)?, find(&other, other_name)?);
        if sort(left.kind()) != sort(right.kind()) {
            return Err(incomparable(own_name, other_name));
        }
        let (l, r) = (format!("{}.{}", own.quoted(), quote(&left.name)), format!("o.{}", quote(&right.name)));
        let equal = if index < request.key.len() { "=" } else { "IS" };
        matched.push(format!("{l} COLLATE BINARY {equal} {r}"));
        // Columns of different affinity are converted before they are compared.
        if !(left.row_number && right.row_number) {
            matched.push(format!("typeof({l}) = typeof({r})"));
        }
    }
    Ok(unmatched(&other.quoted(), request.other_filter.as_deref(), &matched))
}

fn find<'a>(table: &'a Table, name: &str) -> Result<&'a TableColumn> {
    table.column(name).ok_or_else(|| column_not_found(name, &table.name, table.column_names()))
}

/// Kinds between which the same stored value means the same.
#[derive(Debug, PartialEq, Eq)]
enum Sort {
    Number,
    Float,
    Text,
    Bytes,
    Moment,
    TimeOfDay,
    Any,
}

fn sort(kind: Kind) -> Sort {
    match kind {
        Kind::Bool | Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 => Sort::Number,
        Kind::UInt8 | Kind::UInt16 | Kind::UInt32 | Kind::Decimal128(..) | Kind::Decimal256(..) => Sort::Number,
        Kind::Float32 | Kind::Float64 => Sort::Float,
        Kind::Text => Sort::Text,
        Kind::Binary => Sort::Bytes,
        Kind::Date | Kind::Timestamp | Kind::Instant => Sort::Moment,
        Kind::Time => Sort::TimeOfDay,
        Kind::Undeclared => Sort::Any,
    }
}
