//! Rows as the text of INSERT statements of bounded size.

use data::RefusedRow;
use std::ops::Range;

/// A statement is cut before it has so many bytes; the server takes 1 MiB.
const BYTES: usize = 900_000;
/// …or so many rows.
const ROWS: usize = 4_000;

/// One row, ready to be sent.
pub(super) struct Entry {
    /// Index within the batch.
    pub(super) row: usize,
    /// Index of its table in `Encoded::tables`.
    pub(super) table: usize,
    /// `(…)`.
    pub(super) values: String,
}

/// The rows of a batch, ready to be sent, and those that cannot be.
#[derive(Default)]
pub(super) struct Encoded {
    /// What stands before `VALUES` for each table.
    pub(super) tables: Vec<String>,
    pub(super) entries: Vec<Entry>,
    pub(super) refused: Vec<RefusedRow>,
}

/// Ranges of entries that make statements of bounded size.
pub(super) fn statements(encoded: &Encoded) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut bytes, mut table) = (0, 0, None);
    for (index, entry) in encoded.entries.iter().enumerate() {
        let head = if table == Some(entry.table) { 0 } else { encoded.tables[entry.table].len() + 10 };
        let size = head + entry.values.len() + 1;
        if index > start && (bytes + size > BYTES || index - start >= ROWS) {
            ranges.push(start..index);
            (start, bytes) = (index, encoded.tables[entry.table].len() + 10 + entry.values.len());
        } else {
            bytes += size;
        }
        table = Some(entry.table);
    }
    if start < encoded.entries.len() {
        ranges.push(start..encoded.entries.len());
    }
    ranges
}

/// The statement for a range of entries.
pub(super) fn insert(encoded: &Encoded, range: Range<usize>) -> String {
    let mut sql = String::from("INSERT INTO");
    let mut table = None;
    for entry in &encoded.entries[range] {
        if table != Some(entry.table) {
            sql.push(' ');
            sql.push_str(&encoded.tables[entry.table]);
            sql.push_str(" VALUES ");
            table = Some(entry.table);
        }
        sql.push_str(&entry.values);
    }
    sql
}
