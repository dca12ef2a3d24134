//! Cutting a table into ranges of its key: boundaries from a sample of its pages, conditions that compare as the order does.

use super::Postgres;
use super::introspect::{Table, get_table};
use super::read::sort_key;
use super::types::Kind;
use crate::name::{literal, quote};
use crate::split::{Column, SAMPLES_A_PART, bounds, condition, number_literal, quantiles, rows, uncuttable};
use data::connector::Relation;
use data::split::{Bound, KeyPart, KeyRange};
use data::{RangeFilter, Result, Split, SplitRequest};

/// Boundaries of `request`'s table.
pub(super) async fn split(postgres: &Postgres, request: &SplitRequest) -> Result<Split> {
    let Relation::Table(name) = &request.relation else { return Err(uncuttable("it is a query")) };
    let client = postgres.pool.get().await?;
    let table = get_table(&client, name).await?;
    let estimate: f64 = client
        .query_one(
            "SELECT greatest(reltuples, 0)::float8 FROM pg_class WHERE oid = to_regclass($1)",
            &[&table.name.quoted()],
        )
        .await
        .map_err(|error| super::error::mapped(&error))?
        .get(0);
    client.release();
    let key = cut_by(&table, &request.key)?;
    let wanted = (request.parts * SAMPLES_A_PART) as f64;
    // A page holds several rows, so that a sample of pages needs some more to be even.
    let percent = if estimate > 0.0 { (wanted / estimate * 400.0).min(100.0) } else { 100.0 };
    let selected: Vec<String> = key.iter().map(|name| quote(name)).collect();
    let filter = request.filter.as_ref().map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
    let sql = format!(
        "SELECT {} FROM {} TABLESAMPLE SYSTEM ({percent:.6}) REPEATABLE (7){filter}",
        selected.join(", "),
        table.name.quoted()
    );
    let mut keys = Vec::new();
    for batch in rows(postgres, &sql, &key).await? {
        match bounds(&batch)? {
            Some(found) => keys.extend(found),
            None => return Err(uncuttable("its key has a type that is not cut by")),
        }
    }
    let how = format!("by {} sampled keys", keys.len());
    Ok(Split { bounds: quantiles(keys, request.parts), how })
}

/// The condition of `range`.
pub(super) async fn range_filter(
    postgres: &Postgres,
    table: &str,
    key: &[String],
    range: &KeyRange,
) -> Result<RangeFilter> {
    let client = postgres.pool.get().await?;
    let table = get_table(&client, table).await?;
    let by_bytes: Vec<String> = client
        .query(
            "SELECT a.attname::text FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation \
             WHERE a.attrelid = to_regclass($1) AND c.collname = 'C'",
            &[&table.name.quoted()],
        )
        .await
        .map_err(|error| super::error::mapped(&error))?
        .iter()
        .map(|row| row.get(0))
        .collect();
    client.release();
    let mut columns = Vec::new();
    let mut casts = Vec::new();
    let mut indexed = true;
    for name in cut_by(&table, key)? {
        let column = table.column(&name).ok_or_else(|| uncuttable("its key is not there"))?;
        let (expression, cast) = sort_key(&quote(&name), column.kind, column.oid, &column.native_type);
        // An index of text in another collation, be it the database's own `C`, does not serve an order by bytes.
        indexed &= !expression.contains(" COLLATE ") || by_bytes.contains(&name);
        columns.push(Column { expression, nullable: !column.not_null });
        casts.push((cast, column.kind));
    }
    let literals =
        |bound: &Bound| bound.iter().zip(&casts).map(|(part, (cast, kind))| spell(part, cast, *kind)).collect();
    Ok(RangeFilter { filter: condition(&columns, range, literals)?, indexed })
}

/// The columns that boundaries are made of: with a NULL among them only the first.
fn cut_by(table: &Table, key: &[String]) -> Result<Vec<String>> {
    if key.is_empty() {
        return Err(uncuttable("it has no key"));
    }
    let take = if table.never_null(key) { key.len() } else { 1 };
    Ok(key[..take].to_vec())
}

fn spell(part: &KeyPart, cast: &str, kind: Kind) -> Result<String> {
    let number = matches!(
        kind,
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid | Kind::Decimal128(..) | Kind::Decimal256(..) | Kind::Numeric
    );
    let text = match part {
        // As a literal of no type of its own, so that an index of any whole number serves and none overflows.
        KeyPart::Number(text) if number && kind != Kind::Numeric => return number_literal(text),
        KeyPart::Number(text) if number => return Ok(format!("{}::numeric", number_literal(text)?)),
        KeyPart::Text(text) if matches!(kind, Kind::Text | Kind::Uuid) && !text.contains('\0') => literal(text),
        KeyPart::Bytes(bytes) if kind == Kind::Bytea => format!("'\\x{}'", hex::encode(bytes)),
        KeyPart::Date(text) | KeyPart::Instant(text)
            if matches!(kind, Kind::Date | Kind::Timestamp | Kind::Instant) && is_time(text) =>
        {
            // A date beside an instant is its midnight in UTC, which is the session's zone.
            return Ok(if kind == Kind::Date && matches!(part, KeyPart::Instant(_)) {
                format!("'{text}'::timestamp")
            } else {
                format!("'{text}'::{cast}")
            });
        }
        _ => return Err(uncuttable("the keys of the two sides have different types")),
    };
    Ok(format!("{text}::{cast}"))
}

fn is_time(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b' '))
}
