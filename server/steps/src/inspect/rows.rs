//! An inspection as rows, one batch for each port.

use arrow::array::{ArrayRef, Float64Array, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use data::Result;
use data::inspection::Inspection;
use std::sync::Arc;

/// The batches of the ports `tables`, `indexes` and `statements`.
pub(super) fn batches(found: &Inspection) -> Result<[(&'static str, RecordBatch); 3]> {
    let tables = RecordBatch::try_from_iter([
        ("table", text(found.tables.iter().map(|table| Some(table.table.as_str())))),
        ("rows", number(found.tables.iter().map(|table| table.rows))),
        ("data_bytes", number(found.tables.iter().map(|table| table.data_bytes))),
        ("index_bytes", number(found.tables.iter().map(|table| table.index_bytes))),
    ])?;
    let indexes = RecordBatch::try_from_iter([
        ("table", text(found.indexes.iter().map(|index| Some(index.table.as_str())))),
        ("index", text(found.indexes.iter().map(|index| Some(index.index.as_str())))),
        ("scans", number(found.indexes.iter().map(|index| index.scans))),
        ("bytes", number(found.indexes.iter().map(|index| index.bytes))),
        ("duplicate_of", text(found.indexes.iter().map(|index| index.duplicate_of.as_deref()))),
    ])?;
    let slow = &found.slow_statements;
    let running = &found.running;
    let blank = || running.iter().map(|_| None);
    let statements = RecordBatch::try_from_iter([
        ("state", text(slow.iter().map(|_| Some("slow")).chain(running.iter().map(|_| Some("running"))))),
        (
            "statement",
            text(
                slow.iter()
                    .map(|one| Some(one.statement.as_str()))
                    .chain(running.iter().map(|one| Some(one.statement.as_str()))),
            ),
        ),
        ("calls", number(slow.iter().map(|one| Some(one.calls)).chain(blank()))),
        ("total_ms", decimal(slow.iter().map(|one| Some(one.total_ms)).chain(running.iter().map(|_| None)))),
        (
            "mean_ms",
            decimal(slow.iter().map(|one| Some(one.mean_ms)).chain(running.iter().map(|one| Some(one.for_ms as f64)))),
        ),
        ("session", text(slow.iter().map(|_| None).chain(running.iter().map(|one| Some(one.session.as_str()))))),
        ("user", text(slow.iter().map(|_| None).chain(running.iter().map(|one| Some(one.user.as_str()))))),
    ])?;
    Ok([("tables", tables), ("indexes", indexes), ("statements", statements)])
}

/// The inspection with at most `most` entries in each list.
pub(super) fn shortened(found: &Inspection, most: usize) -> Inspection {
    let mut found = found.clone();
    found.tables.truncate(most);
    found.indexes.truncate(most);
    found.slow_statements.truncate(most);
    found.running.truncate(most);
    found
}

fn text<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn number(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    Arc::new(values.collect::<UInt64Array>())
}

fn decimal(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}
