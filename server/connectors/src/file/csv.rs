//! CSV: a first pass chooses types, a second reads typed columns straight from the bytes.
//!
//! A row with the wrong number of fields, a value that is not of its column's type, bytes that are not UTF-8 or a wrong
//! quote is rejected with its line; the others go on. Splitting is in [`records`].

mod records;

use self::records::{Flaw, RECORD_LIMIT, Record, Records, RecordsError};
use super::column::{Column, Unfit};
use super::kind::{ColumnType, Evidence, Infer};
use super::locate::{FileLocation, Stamp, unreadable};
use super::opened::{BatchReader, OpenedFile, panicked};
use super::rejected::{Rejected, shown};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use data::{BATCH_ROWS, Checkpoint, Error, Result, Resume, SourceBatch};
use model::ErrorCode;
use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;

/// How to read a CSV file.
#[derive(Debug, Clone)]
pub struct CsvOptions {
    /// Between fields.
    pub delimiter: u8,
    /// Around fields that hold delimiters or line ends; none: quotes are ordinary.
    pub quote: Option<u8>,
    /// Whether the first row names the columns; else they are `column_1`, `column_2`, ….
    pub header: bool,
    /// Unquoted texts that mean NULL.
    pub nulls: Vec<String>,
    /// Types the user named; the others are inferred.
    pub columns: Vec<(String, ColumnType)>,
    /// How many rows to infer types from.
    pub infer: Infer,
    /// Where an earlier attempt stood: it must have read the same file.
    pub resume_at: Option<Checkpoint>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: Some(b'"'),
            header: true,
            nulls: vec![String::new()],
            columns: Vec::new(),
            infer: Infer::Auto,
            resume_at: None,
        }
    }
}

/// A batch ends early where its texts reach so many bytes.
const BATCH_BYTES: usize = 32 << 20;
/// More columns than this is a wrong delimiter or no CSV at all.
const COLUMN_LIMIT: usize = 10_000;

/// Opens a CSV file and chooses the types of its columns.
///
/// # Errors
/// `value_refused` for a file without columns or a record past 16 MiB, `duplicate` for a column name that comes twice,
/// `column_not_found` for a type given to a column the file lacks, `replay_impossible` where the file has changed.
pub async fn open_csv(location: &FileLocation, options: CsvOptions) -> Result<OpenedFile> {
    let location = location.clone();
    let reader = meter::spawn_blocking(move || Reader::open(&location, options)).await.map_err(panicked)??;
    Ok(OpenedFile::new(Box::new(reader), Resume::Replay))
}

struct Reader {
    name: String,
    twin: File,
    stamp: Stamp,
    records: Records<File>,
    nulls: Nulls,
    schema: SchemaRef,
    kinds: Vec<ColumnType>,
    columns: Vec<Column>,
    rejected: Rejected,
    read: u64,
    ended: bool,
}

/// Which unquoted texts mean NULL.
#[derive(Debug, Clone)]
struct Nulls {
    empty: bool,
    others: Vec<Vec<u8>>,
}

impl Nulls {
    fn new(texts: &[String]) -> Self {
        let others = texts.iter().filter(|t| !t.is_empty()).map(|t| t.as_bytes().to_vec()).collect();
        Self { empty: texts.iter().any(String::is_empty), others }
    }

    #[inline]
    fn has(&self, text: &[u8]) -> bool {
        if text.is_empty() { self.empty } else { self.others.iter().any(|null| null == text) }
    }
}

impl Reader {
    fn open(location: &FileLocation, options: CsvOptions) -> Result<Self> {
        let name = location.name().to_owned();
        check_options(&options)?;
        let file = location.open()?;
        let stamp = Stamp::of_file(&file, &name)?;
        if let Some(checkpoint) = &options.resume_at {
            stamp.resume(checkpoint, &name)?;
        }
        let nulls = Nulls::new(&options.nulls);
        let (names, kinds) = infer(file, &name, &options, &nulls, stamp)?;
        let fields: Vec<Field> = names.iter().zip(&kinds).map(|(n, k)| Field::new(n, k.data_type(), true)).collect();
        let file = location.open()?;
        let twin = file.try_clone().map_err(|e| unreadable(&name, &e))?;
        stamp.verify(&twin, &name)?;
        let mut records = Records::new(file, options.delimiter, options.quote);
        records.skip_mark().map_err(|e| failed(&name, e))?;
        if options.header {
            records.next().map_err(|e| failed(&name, e))?;
        }
        Ok(Self {
            records,
            twin,
            stamp,
            nulls,
            columns: kinds.iter().map(Column::new).collect(),
            rejected: Rejected::new(names.iter().map(String::as_str)),
            schema: Arc::new(Schema::new(fields)),
            kinds,
            read: 0,
            ended: false,
            name,
        })
    }

    /// Adds the record's fields to the columns, or tells which rule it breaks and why.
    #[inline]
    fn add(&mut self, record: Record, row: usize) -> Result<(), (&'static str, String)> {
        if let Some(flaw) = record.flaw {
            return Err(("quoting", flaw_reason(flaw)));
        }
        let found = self.records.fields.len();
        if found != self.columns.len() {
            return Err(("fields", self.ragged(found)));
        }
        for index in 0..found {
            let field = self.records.fields[index];
            let text = self.records.text(field);
            if !field.quoted && self.nulls.has(text) {
                self.columns[index].push_null();
            } else if let Err(unfit) = self.columns[index].push(text) {
                let reason = self.unfit(index, unfit);
                for column in &mut self.columns[..index] {
                    column.truncate(row);
                }
                return Err(reason);
            }
        }
        Ok(())
    }

    fn ragged(&mut self, found: usize) -> String {
        let expected = self.columns.len();
        let mut reason = format!("{found} fields where the file has {expected} columns");
        if found > expected {
            let field = self.records.fields[expected];
            let text = String::from_utf8_lossy(self.records.text(field)).into_owned();
            reason.push_str(&format!("; the first one too many is `{}`", shown(&text)));
        }
        reason
    }

    fn unfit(&mut self, index: usize, unfit: Unfit) -> (&'static str, String) {
        let column = self.schema.field(index).name().clone();
        let field = self.records.fields[index];
        let text = self.records.text(field);
        if unfit == Unfit::Encoding || std::str::from_utf8(text).is_err() {
            return ("encoding", format!("column `{column}` holds bytes that are not UTF-8: `{}`", escaped(text)));
        }
        let value = shown(&String::from_utf8_lossy(text));
        ("type", format!("column `{column}`: `{value}` is not of type {}", self.kinds[index].word()))
    }

    fn reject(&mut self, line: u64, rule: &str, reason: &str) {
        let fields = self.records.fields.clone();
        let values: Vec<Option<String>> = fields
            .iter()
            .map(|field| {
                let text = self.records.text(*field);
                (field.quoted || !self.nulls.has(text)).then(|| String::from_utf8_lossy(text).into_owned())
            })
            .collect();
        self.rejected.push(values, line, rule, reason);
    }
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
        while rows + self.rejected.rows() < BATCH_ROWS {
            let Some(record) = self.records.next().map_err(|e| failed(&self.name, e))? else {
                self.ended = true;
                self.stamp.verify(&self.twin, &self.name)?;
                break;
            };
            held += self.records.record_bytes();
            match self.add(record, rows) {
                Ok(()) => rows += 1,
                Err((rule, reason)) => self.reject(record.line, rule, &reason),
            }
            if held + self.rejected.bytes() > BATCH_BYTES {
                break;
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
        let checkpoint = Some(self.stamp.checkpoint(self.read));
        Ok(Some(SourceBatch { records, checkpoint, rejected }))
    }
}

/// The first pass: names and types of the columns.
fn infer(
    file: File,
    name: &str,
    options: &CsvOptions,
    nulls: &Nulls,
    stamp: Stamp,
) -> Result<(Vec<String>, Vec<ColumnType>)> {
    let mut records = Records::new(file, options.delimiter, options.quote);
    records.skip_mark().map_err(|e| failed(name, e))?;
    let limit = options.infer.limit(stamp.size());
    let Some(mut first) = records.next().map_err(|e| failed(name, e))? else {
        let wanted = if options.header { "a header" } else { "a row" };
        return Err(Error::permanent(
            ErrorCode::ValueRefused,
            format!("file `{name}` is empty; {wanted} was expected"),
        ));
    };
    let names = if options.header { header(&mut records, first, name)? } else { numbered(records.fields.len()) };
    if names.len() > COLUMN_LIMIT {
        let message = format!("file `{name}` has {} columns, more than {COLUMN_LIMIT}", names.len());
        return Err(Error::permanent(ErrorCode::ValueRefused, message).hint("Check the delimiter."));
    }
    let mut kinds: Vec<Option<ColumnType>> = vec![None; names.len()];
    for (column, kind) in &options.columns {
        let Some(index) = names.iter().position(|n| n == column) else {
            return Err(Error::permanent(
                ErrorCode::ColumnNotFound,
                format!("`columns` names `{column}`, which file `{name}` does not have"),
            )
            .hint(format!("Its columns are {}.", quoted_list(&names))));
        };
        kinds[index] = Some(kind.clone());
    }
    if kinds.iter().any(Option::is_none) {
        let mut evidence = vec![Evidence::new(); names.len()];
        let mut rows = 0;
        let mut more = true;
        if options.header {
            more = advance(&mut records, &mut first, name)?;
        }
        while more && rows < limit {
            // Rows that will be rejected anyway say nothing about types.
            if first.flaw.is_none() && records.fields.len() == names.len() {
                see(&mut records, &mut evidence, &kinds, nulls);
            }
            rows += 1;
            more = advance(&mut records, &mut first, name)?;
        }
        for (kind, evidence) in kinds.iter_mut().zip(&evidence) {
            kind.get_or_insert_with(|| evidence.choose());
        }
    }
    Ok((names, kinds.into_iter().flatten().collect()))
}

fn advance(records: &mut Records<File>, record: &mut Record, name: &str) -> Result<bool> {
    let next = records.next().map_err(|e| failed(name, e))?;
    if let Some(next) = next {
        *record = next;
    }
    Ok(next.is_some())
}

#[inline]
fn see(records: &mut Records<File>, evidence: &mut [Evidence], kinds: &[Option<ColumnType>], nulls: &Nulls) {
    for index in 0..evidence.len() {
        if kinds[index].is_some() {
            continue;
        }
        let field = records.fields[index];
        let text = records.text(field);
        // Bytes that are not UTF-8 reject their row as long as a readable value beside them decides the type.
        let readable = text.is_ascii() || std::str::from_utf8(text).is_ok();
        if readable && (field.quoted || !nulls.has(text)) {
            evidence[index].see(text);
        }
    }
}

fn header(records: &mut Records<File>, record: Record, name: &str) -> Result<Vec<String>> {
    if let Some(flaw) = record.flaw {
        let message = format!("the header of `{name}` (line {}) cannot be read: {}", record.line, flaw_reason(flaw));
        return Err(Error::permanent(ErrorCode::ValueRefused, message));
    }
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    for (index, field) in records.fields.clone().into_iter().enumerate() {
        let text = records.text(field);
        let Ok(text) = std::str::from_utf8(text) else {
            let message = format!("the header of `{name}` (line {}) is not UTF-8: `{}`", record.line, escaped(text));
            return Err(Error::permanent(ErrorCode::ValueRefused, message).hint("Save the file as UTF-8."));
        };
        let column = if text.is_empty() { format!("column_{}", index + 1) } else { text.to_owned() };
        if !seen.insert(column.clone()) {
            let message = format!("the header of `{name}` names column `{}` twice", shown(&column));
            return Err(Error::permanent(ErrorCode::Duplicate, message));
        }
        names.push(column);
    }
    Ok(names)
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("column_{number}")).collect()
}

fn check_options(options: &CsvOptions) -> Result<()> {
    let special = |byte: u8| matches!(byte, b'\n' | b'\r') || !byte.is_ascii();
    let wrong = special(options.delimiter) || options.quote.is_some_and(|q| special(q) || q == options.delimiter);
    if wrong {
        return Err(Error::permanent(
            ErrorCode::InvalidValue,
            "delimiter and quote must be two different ASCII characters other than line ends",
        ));
    }
    Ok(())
}

fn flaw_reason(flaw: Flaw) -> String {
    match flaw {
        Flaw::TextAfterQuote => "text follows a closing quote; a quote within a quoted field is written twice".into(),
        Flaw::OpenQuote => "a quote is opened and never closed".into(),
    }
}

fn failed(name: &str, error: RecordsError) -> Error {
    match error {
        RecordsError::Io(e) => unreadable(name, &e),
        RecordsError::TooLong(line) => Error::permanent(
            ErrorCode::ValueRefused,
            format!("file `{name}`, line {line}: a row of more than {} MiB", RECORD_LIMIT >> 20),
        )
        .hint("Look for a quote that is never closed, or set another quote."),
    }
}

fn escaped(bytes: &[u8]) -> String {
    shown(&bytes.iter().take(80).flat_map(|b| std::ascii::escape_default(*b)).map(char::from).collect::<String>())
}

pub(super) fn quoted_list(names: &[String]) -> String {
    let mut list: Vec<String> = names.iter().take(20).map(|n| format!("`{}`", shown(n))).collect();
    if names.len() > 20 {
        list.push("…".into());
    }
    list.join(", ")
}

#[cfg(test)]
mod tests;
