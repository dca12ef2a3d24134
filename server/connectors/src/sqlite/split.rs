//! Cutting a table into ranges of its key: whole numbers by jumps in their index, text by steps through it.

use super::introspect::{Table, get_table};
use super::types::Kind;
use super::{Access, Sqlite, connect};
use crate::name::{quote, quote_all};
use crate::split::{self, Column, condition, number_literal, uncuttable};
use data::connector::Relation;
use data::split::{Bound, KeyPart, KeyRange};
use data::{RangeFilter, Result, Split, SplitRequest};
use model::ErrorCode;

/// Boundaries of `request`'s table.
pub(super) async fn split(sqlite: &Sqlite, request: &SplitRequest) -> Result<Split> {
    let Relation::Table(name) = &request.relation else { return Err(uncuttable("it is a query")) };
    let table = describe(sqlite, name).await?;
    let key = Key::of(&table, &request.key)?;
    let from = table.quoted();
    let filter = request.filter.as_ref().map(|filter| format!(" AND ({filter}\n)")).unwrap_or_default();
    if key.kinds.len() == 1 && is_integer(key.kinds[0]) {
        return split::by_numbers(sqlite, (&quote(&key.names[0]), &from, &filter), request.parts).await;
    }
    let names = quote_all(key.names.iter().map(String::as_str));
    let order = key.columns.iter().map(|column| column.expression.as_str()).collect::<Vec<_>>().join(", ");
    let select = |condition: &str| format!("SELECT {names} FROM {from} WHERE {condition}{filter} ORDER BY {order}");
    split::by_steps(sqlite, request, |range| key.condition(range), select).await
}

/// The condition of `range`.
pub(super) async fn range_filter(
    sqlite: &Sqlite,
    table: &str,
    key: &[String],
    range: &KeyRange,
) -> Result<RangeFilter> {
    let table = describe(sqlite, table).await?;
    let key = Key::of(&table, key)?;
    Ok(RangeFilter { filter: key.condition(range)?, indexed: true })
}

pub(super) async fn describe(sqlite: &Sqlite, name: &str) -> Result<Table> {
    let (config, name) = (sqlite.config.clone(), name.to_owned());
    let described = meter::spawn_blocking(move || get_table(&connect(&config, Access::Read)?, &config, &name));
    described.await.map_err(|error| {
        data::Error::permanent(ErrorCode::Internal, format!("the sqlite thread ended early: {error}"))
    })?
}

/// The columns that boundaries are made of.
struct Key {
    names: Vec<String>,
    columns: Vec<Column>,
    kinds: Vec<Kind>,
}

impl Key {
    fn of(table: &Table, key: &[String]) -> Result<Self> {
        // With a NULL among them only the first.
        let take = if table.never_null(key) { key.len() } else { 1 };
        let mut found = Self { names: Vec::new(), columns: Vec::new(), kinds: Vec::new() };
        for name in key.iter().take(take) {
            let column = table.column(name).ok_or_else(|| uncuttable("its key is not there"))?;
            let kind = column.kind();
            // Other types are what their values are, which a boundary's literal need not be.
            if !is_integer(kind) && !matches!(kind, Kind::Text | Kind::Date) {
                return Err(uncuttable("its key is neither a whole number nor text"));
            }
            found.names.push(column.name.clone());
            let nullable = !(column.not_null || column.row_number);
            found.columns.push(Column { expression: format!("{} COLLATE BINARY", quote(&column.name)), nullable });
            found.kinds.push(kind);
        }
        if found.names.is_empty() {
            return Err(uncuttable("it has no key"));
        }
        Ok(found)
    }

    fn condition(&self, range: &KeyRange) -> Result<Option<String>> {
        let literals = |bound: &Bound| bound.iter().zip(&self.kinds).map(|(part, kind)| spell(part, *kind)).collect();
        condition(&self.columns, range, literals)
    }
}

fn is_integer(kind: Kind) -> bool {
    matches!(kind, Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 | Kind::UInt8 | Kind::UInt16 | Kind::UInt32)
}

fn spell(part: &KeyPart, kind: Kind) -> Result<String> {
    match part {
        KeyPart::Number(text) if is_integer(kind) => number_literal(text),
        KeyPart::Text(text) if kind == Kind::Text => Ok(format!("CAST(X'{}' AS TEXT)", hex::encode(text.as_bytes()))),
        KeyPart::Date(text) if kind == Kind::Date => Ok(format!("CAST(X'{}' AS TEXT)", hex::encode(text.as_bytes()))),
        _ => Err(uncuttable("the keys of the two sides have different types")),
    }
}
