//! JSON: rows from lines, one array or values one after another; streamed, and typed so that nothing is lost.
//!
//! A first pass gathers the keys in order of their first appearance and what their values are; a column whose values
//! are of several kinds becomes text that keeps each value as written. Splitting is in [`values`].

mod values;

use self::values::{ROW_LIMIT, Value, Values, ValuesError, split_object};
use super::column::Column;
use super::kind::{ColumnType, Infer, JsonEvidence};
use super::locate::{FileLocation, Stamp, unreadable};
use super::opened::{BatchReader, OpenedFile, panicked};
use super::rejected::{Rejected, shown};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use data::{BATCH_ROWS, Checkpoint, Error, Result, Resume, SourceBatch};
use model::ErrorCode;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

/// How rows are laid out in a JSON file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JsonLayout {
    /// Found out from the first characters.
    #[default]
    Auto,
    /// One object a line.
    Lines,
    /// One array of objects.
    Array,
    /// Objects one after another, over any number of lines.
    Sequence,
}

/// How to read a JSON file.
#[derive(Debug, Clone, Default)]
pub struct JsonOptions {
    /// How rows are laid out.
    pub layout: JsonLayout,
    /// Types the user named; the others are inferred. A column that no row has is NULL throughout.
    pub columns: Vec<(String, ColumnType)>,
    /// How many rows to infer columns and types from.
    pub infer: Infer,
    /// Where an earlier attempt stood: it must have read the same file.
    pub resume_at: Option<Checkpoint>,
}

/// A batch ends early where its texts reach so many bytes.
const BATCH_BYTES: usize = 32 << 20;
/// More keys than this are data rather than columns.
const COLUMN_LIMIT: usize = 10_000;

/// Opens a JSON file, gathers its columns and chooses their types.
///
/// # Errors
/// `value_refused` where the file's structure is broken (the array is cut off, a comma is missing) or a row is larger than
/// 64 MiB, `replay_impossible` where the file has changed.
pub async fn open_json(location: &FileLocation, options: JsonOptions) -> Result<OpenedFile> {
    let location = location.clone();
    let reader = meter::spawn_blocking(move || Reader::open(&location, options)).await.map_err(panicked)??;
    Ok(OpenedFile::new(Box::new(reader), Resume::Replay))
}

/// Names of the columns and where each is.
#[derive(Debug, Default)]
struct Names {
    list: Vec<String>,
    places: HashMap<String, usize>,
}

impl Names {
    /// The place of `key`; rows mostly have the same keys in the same order, so `guess` is tried first.
    #[inline]
    fn find(&self, key: &str, guess: usize) -> Option<usize> {
        if self.list.get(guess).is_some_and(|name| name == key) {
            return Some(guess);
        }
        self.places.get(key).copied()
    }

    fn add(&mut self, key: &str) -> usize {
        self.places.insert(key.to_owned(), self.list.len());
        self.list.push(key.to_owned());
        self.list.len() - 1
    }
}

struct Reader {
    name: String,
    twin: File,
    stamp: Stamp,
    values: Values<File>,
    names: Names,
    kinds: Vec<ColumnType>,
    schema: SchemaRef,
    columns: Vec<Column>,
    rejected: Rejected,
    read: u64,
    ended: bool,
}

/// Why a row is rejected: the rule, the reason, and its values as far as they are known.
struct Reject {
    rule: &'static str,
    reason: String,
    values: Vec<Option<String>>,
}

impl Reader {
    fn open(location: &FileLocation, options: JsonOptions) -> Result<Self> {
        let name = location.name().to_owned();
        let file = location.open()?;
        let stamp = Stamp::of_file(&file, &name)?;
        if let Some(checkpoint) = &options.resume_at {
            stamp.resume(checkpoint, &name)?;
        }
        let (names, kinds) = infer(file, &name, &options, stamp)?;
        let fields: Vec<Field> =
            names.list.iter().zip(&kinds).map(|(n, k)| Field::new(n, k.data_type(), true)).collect();
        let file = location.open()?;
        let twin = file.try_clone().map_err(|e| unreadable(&name, &e))?;
        stamp.verify(&twin, &name)?;
        Ok(Self {
            values: Values::new(file, options.layout).map_err(|e| failed(&name, e))?,
            twin,
            stamp,
            columns: kinds.iter().map(Column::new).collect(),
            rejected: Rejected::new(names.list.iter().map(String::as_str)),
            schema: Arc::new(Schema::new(fields)),
            kinds,
            names,
            read: 0,
            ended: false,
            name,
        })
    }
}

/// Adds one row to `columns`, or tells why not; `columns` then hold `row` rows as before.
fn add_row(
    bytes: &[u8],
    names: &Names,
    kinds: &[ColumnType],
    columns: &mut [Column],
    row: usize,
) -> std::result::Result<(), Box<Reject>> {
    let text = std::str::from_utf8(bytes).map_err(|_| unsplit("encoding", "the row is not UTF-8", bytes))?;
    let mut fields = Vec::with_capacity(columns.len());
    split_object(text, &mut fields).map_err(|why| unsplit("json", &why, bytes))?;
    let mut by_column: Vec<Option<&Value<'_>>> = vec![None; columns.len()];
    let mut wrong: Option<(&'static str, String)> = None;
    for (index, (key, value)) in fields.iter().enumerate() {
        match names.find(key, index) {
            Some(place) if by_column[place].is_some() => {
                let reason = format!("key `{}` comes twice", shown(key));
                wrong.get_or_insert(("duplicate_key", reason));
            }
            Some(place) => by_column[place] = Some(value),
            None => {
                let value = value.text().map_or_else(|| "null".to_owned(), shown);
                let reason = format!("key `{}` (`{value}`) is not among the columns inferred", shown(key));
                wrong.get_or_insert(("column", reason));
            }
        }
    }
    if wrong.is_none() {
        for (place, value) in by_column.iter().enumerate() {
            let pushed = match value.and_then(Value::text) {
                None => {
                    columns[place].push_null();
                    Ok(())
                }
                Some(text) => columns[place].push(text.as_bytes()).map_err(|_| text),
            };
            if let Err(text) = pushed {
                let (name, kind) = (shown(&names.list[place]), kinds[place].word());
                wrong = Some(("type", format!("column `{name}`: `{}` is not of type {kind}", shown(text))));
                columns[..place].iter_mut().for_each(|column| column.truncate(row));
                break;
            }
        }
    }
    match wrong {
        None => Ok(()),
        Some((rule, reason)) => {
            let values = by_column.iter().map(|v| v.and_then(Value::text).map(str::to_owned)).collect();
            Err(Box::new(Reject { rule, reason, values }))
        }
    }
}

/// A row that has no fields to show; the reason shows its beginning.
fn unsplit(rule: &'static str, why: &str, bytes: &[u8]) -> Box<Reject> {
    let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(320)]).into_owned();
    Box::new(Reject { rule, reason: format!("{why}: `{}`", shown(beginning.trim())), values: Vec::new() })
}

impl BatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rejected_schema(&self) -> Option<SchemaRef> {
        Some(self.rejected.schema())
    }

    fn next_batch(&mut self) -> Result<Option<SourceBatch>> {
        if self.ended {
            return Ok(None);
        }
        let mut rows = 0;
        let mut held = 0;
        while rows + self.rejected.rows() < BATCH_ROWS && held + self.rejected.bytes() < BATCH_BYTES {
            let Some((line, range)) = self.values.next().map_err(|e| failed(&self.name, e))? else {
                self.ended = true;
                self.stamp.verify(&self.twin, &self.name)?;
                break;
            };
            held += range.len();
            let bytes = self.values.bytes(range);
            match add_row(bytes, &self.names, &self.kinds, &mut self.columns, rows) {
                Ok(()) => rows += 1,
                Err(reject) => self.rejected.push(reject.values, line, reject.rule, &reject.reason),
            }
        }
        let rejected = self.rejected.take()?;
        if rows == 0 && rejected.is_none() && self.read > 0 {
            return Ok(None);
        }
        self.read += (rows + rejected.as_ref().map_or(0, RecordBatch::num_rows)) as u64;
        let arrays = self.columns.iter_mut().map(Column::take).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let records = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?;
        Ok(Some(SourceBatch { records, checkpoint: Some(self.stamp.checkpoint(self.read)), rejected }))
    }
}

/// The first pass: all keys in order of first appearance, and their types.
fn infer(file: File, name: &str, options: &JsonOptions, stamp: Stamp) -> Result<(Names, Vec<ColumnType>)> {
    let mut values = Values::new(file, options.layout).map_err(|e| failed(name, e))?;
    let limit = options.infer.limit(stamp.size());
    let mut names = Names::default();
    let mut evidence: Vec<JsonEvidence> = Vec::new();
    let mut rows = 0;
    while rows < limit {
        let Some((_, range)) = values.next().map_err(|e| failed(name, e))? else { break };
        rows += 1;
        // Rows that cannot be split are rejected later and say nothing about types.
        let Ok(text) = std::str::from_utf8(values.bytes(range)) else { continue };
        let mut fields: Vec<(Cow<'_, str>, Value<'_>)> = Vec::with_capacity(names.list.len());
        if split_object(text, &mut fields).is_err() {
            continue;
        }
        for (index, (key, value)) in fields.iter().enumerate() {
            let place = names.find(key, index).unwrap_or_else(|| {
                evidence.push(JsonEvidence::default());
                names.add(key)
            });
            match value {
                Value::Null => {}
                Value::Boolean(_) => evidence[place].booleans = true,
                Value::Number(text) => evidence[place].number(text),
                Value::Text(_) => evidence[place].strings = true,
                Value::Nested(_) => evidence[place].nested = true,
            }
        }
        if names.list.len() > COLUMN_LIMIT {
            let message = format!("file `{name}` has more than {COLUMN_LIMIT} different keys");
            return Err(Error::permanent(ErrorCode::ValueRefused, message));
        }
    }
    let mut kinds: Vec<ColumnType> = evidence.iter().map(JsonEvidence::choose).collect();
    for (column, kind) in &options.columns {
        match names.find(column, usize::MAX) {
            Some(place) => kinds[place] = kind.clone(),
            None => {
                names.add(column);
                kinds.push(kind.clone());
            }
        }
    }
    Ok((names, kinds))
}

fn failed(name: &str, error: ValuesError) -> Error {
    let refused =
        |line: u64, why: &str| Error::permanent(ErrorCode::ValueRefused, format!("file `{name}`, line {line}: {why}"));
    match error {
        ValuesError::Io(e) => unreadable(name, &e),
        ValuesError::Broken(line, why) => refused(line, why),
        ValuesError::TooLong(line) => refused(line, &format!("a row of more than {} MiB", ROW_LIMIT >> 20)),
    }
}

#[cfg(test)]
mod tests;
