//! What every system's `split.rs` shares: boundaries from rows, and a range as a condition.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use data::connector::{Connector, ReadOptions};
use data::split::{Bound, KeyPart, KeyRange};
use data::{Error, Result, Split, SplitRequest};
use model::ErrorCode;

/// Sampled keys for each wanted range.
pub(crate) const SAMPLES_A_PART: usize = 256;

/// How one column of a key stands in a condition.
pub(crate) struct Column {
    /// An expression that compares as the order does.
    pub(crate) expression: String,
    pub(crate) nullable: bool,
}

/// The system does not cut by this key.
pub(crate) fn uncuttable(why: &str) -> Error {
    Error::permanent(ErrorCode::Unsupported, format!("the table cannot be cut into ranges: {why}"))
}

/// All rows of a query, which must be few.
pub(crate) async fn rows(connector: &dyn Connector, sql: &str, order_by: &[String]) -> Result<Vec<RecordBatch>> {
    let options = ReadOptions { order_by: order_by.to_vec(), ..ReadOptions::query(sql) };
    let mut source = connector.read(options).await?;
    let mut batches = Vec::new();
    while let Some(batch) = source.next().await? {
        batches.push(batch.records);
    }
    Ok(batches)
}

/// The condition of `range`; `literals` spells a boundary's values as the columns hold them.
pub(crate) fn condition(
    columns: &[Column],
    range: &KeyRange,
    literals: impl Fn(&Bound) -> Result<Vec<String>>,
) -> Result<Option<String>> {
    let mut parts = Vec::new();
    if let Some(from) = &range.from {
        let values = literals(from)?;
        parts.push(compared(columns, &values, ">", ">="));
    }
    if let Some(to) = &range.to {
        let values = literals(to)?;
        let less = compared(columns, &values, "<", "<");
        // NULL comes first, and so belongs to the range without a beginning.
        let first = columns.first().filter(|column| column.nullable && range.from.is_none());
        parts.push(match first {
            Some(column) => format!("({less} OR {} IS NULL)", column.expression),
            None => less,
        });
    }
    Ok((!parts.is_empty()).then(|| parts.join(" AND ")))
}

/// `columns` compared with `values` one after another; `outer` is implied by the whole and lets an index be used.
fn compared(columns: &[Column], values: &[String], strict: &str, last: &str) -> String {
    let pairs: Vec<_> = columns.iter().zip(values).collect();
    let mut alternatives = Vec::with_capacity(pairs.len());
    for (index, (column, value)) in pairs.iter().enumerate() {
        let operator = if index + 1 == pairs.len() { last } else { strict };
        let mut all: Vec<String> =
            pairs[..index].iter().map(|(column, value)| format!("{} = {value}", column.expression)).collect();
        all.push(format!("{} {operator} {value}", column.expression));
        alternatives.push(all.join(" AND "));
    }
    if alternatives.len() == 1 {
        return format!("({})", alternatives.remove(0));
    }
    let (column, value) = pairs[0];
    let outer = format!("{} {}= {value}", column.expression, &strict[..1]);
    format!("({outer} AND (({})))", alternatives.join(") OR ("))
}

/// Each row as a boundary; `None` where a type cannot be one.
pub(crate) fn bounds(records: &RecordBatch) -> Result<Option<Vec<Bound>>> {
    let mut bounds: Vec<Bound> = vec![Vec::with_capacity(records.num_columns()); records.num_rows()];
    for column in records.columns() {
        let (texts, wrap): (_, fn(String) -> KeyPart) = match column.data_type() {
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => (cast(column, &DataType::Utf8)?, KeyPart::Number),
            DataType::Utf8 => (column.clone(), KeyPart::Text),
            DataType::Date32 => (cast(column, &DataType::Utf8)?, KeyPart::Date),
            DataType::Timestamp(unit, _) => {
                // Without its zone, which is UTC, the cast spells it plainly.
                let plain = column.to_data().into_builder().data_type(DataType::Timestamp(*unit, None)).build()?;
                let micros = cast(&arrow::array::make_array(plain), &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                (cast(&micros, &DataType::Utf8)?, |text| KeyPart::Instant(text.replace('T', " ")))
            }
            DataType::Binary => {
                for (bound, bytes) in bounds.iter_mut().zip(column.as_binary::<i32>().iter()) {
                    bound.extend(bytes.map(|bytes| KeyPart::Bytes(bytes.to_vec())));
                }
                continue;
            }
            _ => return Ok(None),
        };
        for (bound, text) in bounds.iter_mut().zip(texts.as_string::<i32>().iter()) {
            bound.extend(text.map(|text| wrap(text.to_owned())));
        }
    }
    // A NULL is no boundary.
    bounds.retain(|bound| bound.len() == records.num_columns());
    Ok(Some(bounds))
}

/// At most `parts - 1` of the sorted keys, evenly apart, none twice, and never the first (before it there is nothing).
pub(crate) fn quantiles(mut keys: Vec<Bound>, parts: usize) -> Vec<Bound> {
    let first = keys.first().cloned();
    let mut picked: Vec<Bound> = Vec::new();
    for index in 1..parts {
        let at = keys.len() * index / parts;
        let Some(key) = keys.get_mut(at) else { break };
        if first.as_ref() != Some(key) && picked.last() != Some(key) {
            picked.push(key.clone());
        }
    }
    picked
}

/// Cuts by a key of whole numbers, which lie evenly or not; `column` and `from` are quoted, `filter` begins with `AND`.
pub(crate) async fn by_numbers(
    connector: &dyn Connector,
    (column, from, filter): (&str, &str, &str),
    parts: usize,
) -> Result<Split> {
    let edge = |edge: &str| format!("SELECT {edge}({column}) AS edge FROM {from} WHERE {column} IS NOT NULL{filter}");
    let least = number(connector, &edge("MIN")).await?;
    let greatest = number(connector, &edge("MAX")).await?;
    let (Some(least), Some(greatest)) = (least, greatest) else { return Ok(Split::default()) };
    let edges = |low: i128, high: i128| {
        ["MIN", "MAX"].map(|edge| {
            format!("SELECT {edge}({column}) FROM {from} WHERE {column} >= {low} AND {column} < {high}{filter}")
        })
    };
    let bounds = zoom(connector, least, greatest, parts, edges).await?;
    Ok(Split { bounds, how: format!("by keys between {least} and {greatest}") })
}

/// Cuts by steps of equally many rows; `select` asks for the key's columns of rows that a condition holds for, in order.
pub(crate) async fn by_steps(
    connector: &dyn Connector,
    request: &SplitRequest,
    condition: impl Fn(&KeyRange) -> Result<Option<String>>,
    select: impl Fn(&str) -> String,
) -> Result<Split> {
    let total = connector.count(&request.relation, request.filter.as_deref()).await?;
    let after = |bound: Option<&Bound>, step: u64| {
        let range = KeyRange { from: bound.cloned(), to: None };
        let condition = condition(&range)?.unwrap_or_else(|| "TRUE".to_owned());
        Ok(format!("{} LIMIT 1 OFFSET {step}", select(&condition)))
    };
    let bounds = walk(connector, total, request.parts, after).await?;
    Ok(Split { bounds, how: format!("by steps of {} rows", total / request.parts.max(1) as u64) })
}

/// A whole number of the one row and column a query yields; none for NULL.
async fn number(connector: &dyn Connector, sql: &str) -> Result<Option<i128>> {
    let batches = rows(connector, sql, &[]).await?;
    let bounds = batches.first().map(bounds).transpose()?.flatten().unwrap_or_default();
    Ok(match bounds.first().and_then(|bound| bound.first()) {
        Some(KeyPart::Number(text)) => text.parse().ok(),
        _ => None,
    })
}

/// Where whole numbers lie, found by jumps in the key's index: the ends of evenly spaced spans, closer where gaps were.
///
/// `edges` makes the queries for the least and the greatest key of a span, whose end is not part of it.
async fn zoom(
    connector: &dyn Connector,
    least: i128,
    greatest: i128,
    parts: usize,
    edges: impl Fn(i128, i128) -> [String; 2],
) -> Result<Vec<Bound>> {
    const PROBES: usize = 48;
    let mut spans = vec![(least, greatest + 1)];
    for _ in 0..6 {
        if spans.len() >= parts * 4 || spans.iter().all(|(from, to)| to - from <= 1) {
            break;
        }
        let wide = spans.iter().filter(|(from, to)| to - from > 1).count();
        let each = i128::try_from(PROBES.div_ceil(wide).max(2)).expect("a few probes");
        let mut cuts = Vec::new();
        for (from, to) in &spans {
            let width = ((to - from) + each - 1) / each;
            let starts = std::iter::successors(Some(*from), |at| Some(at + width)).take_while(|at| at < to);
            cuts.extend(starts.map(|at| (at, (at + width).min(*to))));
        }
        let asked = cuts.iter().flat_map(|(from, to)| edges(*from, *to));
        let asked: Vec<String> = asked.enumerate().map(|(index, sql)| format!("({sql}) AS p{index}")).collect();
        let mut found = Vec::with_capacity(asked.len());
        for batch in rows(connector, &format!("SELECT {}", asked.join(", ")), &[]).await? {
            for column in batch.columns() {
                let text = cast(column, &DataType::Utf8)?;
                let text = text.as_string::<i32>();
                found.push(if text.is_valid(0) { text.value(0).parse::<i128>().ok() } else { None });
            }
        }
        // A span shrinks to its keys, and one without keys is gone.
        let ends = found.chunks_exact(2).filter_map(|ends| Some((ends[0]?, ends[1]? + 1)));
        spans = ends.collect();
    }
    let keys = spans.into_iter().map(|(key, _)| vec![KeyPart::Number(key.to_string())]).collect();
    Ok(quantiles(keys, parts))
}

/// Boundaries by steps through the key's index, each as many rows long; `after` is the query for the key so many rows
/// after a boundary.
async fn walk(
    connector: &dyn Connector,
    total: u64,
    parts: usize,
    after: impl Fn(Option<&Bound>, u64) -> Result<String>,
) -> Result<Vec<Bound>> {
    let step = total / parts as u64;
    let mut found: Vec<Bound> = Vec::new();
    while step > 0 && found.len() + 1 < parts {
        let sql = after(found.last(), step)?;
        let batches = rows(connector, &sql, &[]).await?;
        let Some(next) = batches.iter().find(|batch| batch.num_rows() > 0) else { break };
        let Some(next) = bounds(next)? else { return Err(uncuttable("its key has a type that is not cut by")) };
        let Some(next) = next.into_iter().next().filter(|next| found.last() != Some(next)) else { break };
        found.push(next);
    }
    Ok(found)
}

/// The number, where it is one and nothing else.
pub(crate) fn number_literal(text: &str) -> Result<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain && digits.bytes().filter(|byte| *byte == b'.').count() <= 1 {
        // A negative number in parentheses is never taken for the start of a comment.
        return Ok(if digits.len() == text.len() { text.to_owned() } else { format!("({text})") });
    }
    Err(uncuttable("a boundary that should be a number is none"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn range(from: &[&str], to: &[&str]) -> KeyRange {
        let bound = |parts: &[&str]| {
            (!parts.is_empty()).then(|| parts.iter().map(|part| KeyPart::Number((*part).to_owned())).collect())
        };
        KeyRange { from: bound(from), to: bound(to) }
    }

    fn check(names: &[(&str, bool)], range: &KeyRange, expected: Option<&str>) {
        let columns: Vec<Column> = names
            .iter()
            .map(|(name, nullable)| Column { expression: (*name).to_owned(), nullable: *nullable })
            .collect();
        let literals = |bound: &Bound| {
            bound
                .iter()
                .map(|part| match part {
                    KeyPart::Number(text) => number_literal(text),
                    _ => unreachable!(),
                })
                .collect()
        };
        assert_eq!(condition(&columns, range, literals).unwrap().as_deref(), expected);
    }

    #[test]
    fn a_range_is_a_condition() {
        check(&[("a", false)], &range(&[], &[]), None);
        check(&[("a", false)], &range(&["3"], &["-7"]), Some("(a >= 3) AND (a < (-7))"));
        check(&[("a", true)], &range(&[], &["7"]), Some("((a < 7) OR a IS NULL)"));
        check(&[("a", true)], &range(&["3"], &["7"]), Some("(a >= 3) AND (a < 7)"));
        check(
            &[("a", false), ("b", false)],
            &range(&["1", "2"], &[]),
            Some("(a >= 1 AND ((a > 1) OR (a = 1 AND b >= 2)))"),
        );
    }

    #[test]
    fn numbers_of_boundaries_are_numbers() {
        assert!(number_literal("1; DROP TABLE x").is_err() && number_literal("").is_err());
        assert_eq!(number_literal("-1.50").unwrap(), "(-1.50)");
    }

    #[test]
    fn quantiles_are_apart_and_after_the_first() {
        let keys = |numbers: &[u32]| numbers.iter().map(|n| vec![KeyPart::Number(n.to_string())]).collect::<Vec<_>>();
        assert_eq!(quantiles(keys(&[1, 2, 3, 4, 5, 6]), 3), keys(&[3, 5]));
        assert_eq!(quantiles(keys(&[1, 1, 1, 1, 1, 2]), 3), keys(&[]));
        assert_eq!(quantiles(keys(&[]), 3), keys(&[]));
    }
}
