//! Cutting a table into ranges of its key: whole numbers by jumps in their index, other keys by steps through it.

use super::introspect::{Table, get_table};
use super::key::OrderColumn;
use super::{Mysql, from_clause, quote, quote_all};
use crate::split::{
    self, Column, SAMPLES_A_PART, bounds, condition, number_literal, quantiles, rows as rows_of, uncuttable,
};
use arrow::datatypes::DataType;
use data::connector::Relation;
use data::split::{Bound, KeyPart, KeyRange};
use data::{RangeFilter, Result, Split, SplitRequest};

/// Boundaries of `request`'s table.
pub(super) async fn split(mysql: &Mysql, request: &SplitRequest) -> Result<Split> {
    let Relation::Table(name) = &request.relation else { return Err(uncuttable("it is a query")) };
    let mut connection = mysql.connect().await?;
    let table = get_table(&mut connection, &mysql.config, name).await?;
    drop(connection);
    let key = Key::of(&table, &request.key)?;
    let from = from_clause(&request.relation);
    let filter = request.filter.as_ref().map(|filter| format!(" AND ({filter}\n)")).unwrap_or_default();
    if key.types.len() == 1 && key.types[0].is_integer() {
        return split::by_numbers(mysql, (&quote(&key.names[0]), &from, &filter), request.parts).await;
    }
    let names = quote_all(key.names.iter().map(String::as_str));
    let order = key.columns.iter().map(|column| column.expression.as_str()).collect::<Vec<_>>().join(", ");
    if !key.indexed {
        // Each step would sort the whole table; a sample of its rows is sorted once.
        let rows = table.info.row_estimate.unwrap_or(0).max(1);
        let share = ((request.parts * SAMPLES_A_PART) as f64 / rows as f64 * 2.0).min(1.0);
        let sql = format!(
            "SELECT {names} FROM (SELECT {names} FROM {from} WHERE RAND(7) < {share:.6}{filter}) AS sampled ORDER BY {order}"
        );
        let mut keys = Vec::new();
        for batch in rows_of(mysql, &sql, &[]).await? {
            match bounds(&batch)? {
                Some(found) => keys.extend(found),
                None => return Err(uncuttable("its key has a type that is not cut by")),
            }
        }
        let how = format!("by {} sampled keys", keys.len());
        return Ok(Split { bounds: quantiles(keys, request.parts), how });
    }
    let select = |condition: &str| format!("SELECT {names} FROM {from} WHERE {condition}{filter} ORDER BY {order}");
    split::by_steps(mysql, request, |range| key.condition(range), select).await
}

/// The condition of `range`.
pub(super) async fn range_filter(mysql: &Mysql, table: &str, key: &[String], range: &KeyRange) -> Result<RangeFilter> {
    let mut connection = mysql.connect().await?;
    let table = get_table(&mut connection, &mysql.config, table).await?;
    let key = Key::of(&table, key)?;
    Ok(RangeFilter { filter: key.condition(range)?, indexed: key.indexed })
}

/// The columns that boundaries are made of.
struct Key {
    names: Vec<String>,
    columns: Vec<Column>,
    types: Vec<DataType>,
    indexed: bool,
}

impl Key {
    fn of(table: &Table, key: &[String]) -> Result<Self> {
        // With a NULL among them only the first.
        let take = if table.never_null(key) { key.len() } else { 1 };
        let mut found = Self { names: Vec::new(), columns: Vec::new(), types: Vec::new(), indexed: true };
        for name in key.iter().take(take) {
            let info = table.column(name).ok_or_else(|| uncuttable("its key is not there"))?;
            let collation = table.collations.get(&info.name).map(String::as_str);
            let expression = OrderColumn::of(&info.name, &info.data_type, collation).expression;
            found.indexed &= expression == quote(&info.name);
            found.names.push(info.name.clone());
            found.columns.push(Column { expression, nullable: info.nullable });
            found.types.push(info.data_type.clone());
        }
        if found.names.is_empty() {
            return Err(uncuttable("it has no key"));
        }
        Ok(found)
    }

    fn condition(&self, range: &KeyRange) -> Result<Option<String>> {
        let literals = |bound: &Bound| {
            let columns = self.types.iter().zip(&self.columns);
            bound.iter().zip(columns).map(|(part, (kind, column))| spell(part, kind, &column.expression)).collect()
        };
        condition(&self.columns, range, literals)
    }
}

fn spell(part: &KeyPart, data_type: &DataType, expression: &str) -> Result<String> {
    let is_time =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b' '));
    let number = data_type.is_integer() || matches!(data_type, DataType::Decimal128(..) | DataType::Decimal256(..));
    match (part, data_type) {
        (KeyPart::Number(text), _) if number => number_literal(text),
        (KeyPart::Text(text), DataType::Utf8) => {
            // Beside a column itself it must be text, or no index would serve; beside a cast it must be bytes.
            let charset = if expression.starts_with("CAST(") { "" } else { "_utf8mb4 " };
            Ok(format!("{charset}X'{}'", hex::encode(text.as_bytes())))
        }
        (KeyPart::Bytes(bytes), DataType::Binary) => Ok(format!("X'{}'", hex::encode(bytes))),
        (KeyPart::Date(text), DataType::Date32) if is_time(text) => Ok(format!("DATE'{text}'")),
        (KeyPart::Date(text), DataType::Timestamp(..)) if is_time(text) => Ok(format!("TIMESTAMP'{text} 00:00:00'")),
        (KeyPart::Instant(text), DataType::Timestamp(..) | DataType::Date32) if is_time(text) => {
            Ok(format!("TIMESTAMP'{text}'"))
        }
        _ => Err(uncuttable("the keys of the two sides have different types")),
    }
}
