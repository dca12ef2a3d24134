//! Rows written as CSV, JSON or Parquet, batch by batch as they come.
//!
//! CSV is written as the values are; for a file that goes into a spreadsheet, which runs what looks like a formula, text
//! that does is put behind a `'` where that is asked for. In JSON numbers are exact: see [`values`].

pub mod values;

#[cfg(test)]
mod tests;

use crate::{Error, Result};
use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use model::ErrorCode;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::collections::HashSet;
use std::io::Write as _;
use std::sync::Arc;

/// A row group of Parquet ends where its encoded columns take so many bytes…
const GROUP_BYTES: usize = 16 << 20;
/// … or where what they are made from takes so many.
const GROUP_MEMORY: usize = 64 << 20;

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header; NULL is nothing, empty text is `""`.
    Csv {
        /// Whether text that a spreadsheet would run stands behind a `'`.
        spreadsheet: bool,
    },
    /// One list of objects.
    Json,
    /// An object on each line.
    JsonLines,
    /// Parquet, compressed.
    Parquet,
}

impl Format {
    /// The format called so: `csv`, `json`, `jsonl` or `parquet`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "csv" => Self::Csv { spreadsheet: false },
            "json" => Self::Json,
            "jsonl" | "ndjson" => Self::JsonLines,
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }

    /// The media type of what is written.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv { .. } => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Turns batches into bytes.
pub struct Writer {
    names: Vec<String>,
    form: Form,
    bytes: Vec<u8>,
}

enum Form {
    Csv { spreadsheet: bool },
    Json { is_first: bool },
    JsonLines,
    Parquet { writer: Box<ArrowWriter<Vec<u8>>>, schema: SchemaRef },
}

impl Writer {
    /// A writer of rows with these columns.
    ///
    /// # Errors
    /// `value_refused` for columns that the format cannot hold.
    pub fn new(format: Format, schema: &SchemaRef) -> Result<Self> {
        let names = unique_names(schema);
        let mut bytes = Vec::new();
        let form = match format {
            Format::Csv { spreadsheet } => {
                for (at, name) in names.iter().enumerate() {
                    separate(&mut bytes, at);
                    field(&mut bytes, name, spreadsheet);
                }
                bytes.push(b'\n');
                Form::Csv { spreadsheet }
            }
            Format::Json => {
                bytes.push(b'[');
                Form::Json { is_first: true }
            }
            Format::JsonLines => Form::JsonLines,
            Format::Parquet => {
                let fields = schema.fields().iter().zip(&names);
                let fields: Vec<Field> =
                    fields.map(|(field, name)| field.as_ref().clone().with_name(name).with_nullable(true)).collect();
                let schema = Arc::new(Schema::new(fields));
                let properties =
                    WriterProperties::builder().set_compression(Compression::ZSTD(Default::default())).build();
                let writer =
                    ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).map_err(|e| refused(&e))?;
                Form::Parquet { writer: Box::new(writer), schema }
            }
        };
        Ok(Self { names, form, bytes })
    }

    /// Takes rows; gives the bytes that are ready.
    ///
    /// # Errors
    /// `value_refused` for a value that the format cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>> {
        match &mut self.form {
            Form::Csv { spreadsheet } => {
                let cells = batch.columns().iter().map(Cells::of).collect::<Result<Vec<_>>>()?;
                let risky: Vec<bool> =
                    batch.schema().fields().iter().map(|field| *spreadsheet && !is_number(field.data_type())).collect();
                for row in 0..batch.num_rows() {
                    for (at, cells) in cells.iter().enumerate() {
                        separate(&mut self.bytes, at);
                        cells.csv(row, risky[at], &mut self.bytes);
                    }
                    self.bytes.push(b'\n');
                }
            }
            Form::Json { is_first } => {
                let rows = objects(&self.names, batch)?;
                for row in 0..batch.num_rows() {
                    self.bytes.extend_from_slice(if *is_first { b"\n" } else { b",\n" });
                    *is_first = false;
                    rows.write(row, &mut self.bytes)?;
                }
            }
            Form::JsonLines => {
                let rows = objects(&self.names, batch)?;
                for row in 0..batch.num_rows() {
                    rows.write(row, &mut self.bytes)?;
                    self.bytes.push(b'\n');
                }
            }
            Form::Parquet { writer, schema } => {
                let batch = RecordBatch::try_new(schema.clone(), batch.columns().to_vec())?;
                writer.write(&batch).map_err(|e| refused(&e))?;
                if writer.in_progress_size() >= GROUP_BYTES || writer.memory_size() >= GROUP_MEMORY {
                    writer.flush().map_err(|e| refused(&e))?;
                }
                self.bytes.append(writer.inner_mut());
            }
        }
        Ok(std::mem::take(&mut self.bytes))
    }

    /// The last bytes.
    ///
    /// # Errors
    /// `value_refused` for a value that the format cannot hold.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        match self.form {
            Form::Csv { .. } | Form::JsonLines => {}
            Form::Json { .. } => self.bytes.extend_from_slice(b"\n]\n"),
            Form::Parquet { writer, .. } => self.bytes.append(&mut writer.into_inner().map_err(|e| refused(&e))?),
        }
        Ok(self.bytes)
    }
}

fn refused(error: &parquet::errors::ParquetError) -> Error {
    Error::permanent(ErrorCode::ValueRefused, format!("the rows cannot be written as Parquet: {error}"))
}

/// The columns' names, each once: the second `id` of a join is `id_2`.
#[must_use]
pub fn unique_names(schema: &Schema) -> Vec<String> {
    let given: HashSet<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut taken = HashSet::new();
    let mut names = Vec::new();
    for field in schema.fields() {
        let mut name = field.name().clone();
        let mut number = 1;
        // A number that makes the name of another column will not do either.
        while taken.contains(&name) || (number > 1 && given.contains(name.as_str())) {
            number += 1;
            name = format!("{}_{number}", field.name());
        }
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

/// The values of a column, on their way into text.
enum Cells<'a> {
    Text(&'a StringArray),
    Values(Vec<Value>),
}

impl<'a> Cells<'a> {
    fn of(column: &'a arrow::array::ArrayRef) -> Result<Self> {
        Ok(match column.as_string_opt::<i32>() {
            Some(text) => Self::Text(text),
            None => Self::Values(values::column_values(column)?),
        })
    }

    fn csv(&self, row: usize, is_risky: bool, out: &mut Vec<u8>) {
        match self {
            Self::Text(column) if column.is_null(row) => {}
            Self::Text(column) => field(out, column.value(row), is_risky),
            Self::Values(values) => match &values[row] {
                Value::Null => {}
                Value::String(text) => field(out, text, is_risky),
                other => field(out, &other.to_string(), false),
            },
        }
    }

    fn json(&self, row: usize, out: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Self::Text(column) if column.is_null(row) => serde_json::to_writer(out, &Value::Null),
            Self::Text(column) => serde_json::to_writer(out, column.value(row)),
            Self::Values(values) => serde_json::to_writer(out, &values[row]),
        }
    }
}

/// Rows as JSON objects.
struct Objects<'a> {
    /// Each with what stands before its value.
    columns: Vec<(Vec<u8>, Cells<'a>)>,
}

fn objects<'a>(names: &[String], batch: &'a RecordBatch) -> Result<Objects<'a>> {
    let mut columns = Vec::new();
    for (at, (name, column)) in names.iter().zip(batch.columns()).enumerate() {
        let mut before = if at == 0 { b"{".to_vec() } else { b",".to_vec() };
        serde_json::to_writer(&mut before, name).map_err(|e| not_json(&e))?;
        before.push(b':');
        columns.push((before, Cells::of(column)?));
    }
    Ok(Objects { columns })
}

impl Objects<'_> {
    fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        if self.columns.is_empty() {
            out.push(b'{');
        }
        for (before, cells) in &self.columns {
            out.extend_from_slice(before);
            cells.json(row, out).map_err(|e| not_json(&e))?;
        }
        out.push(b'}');
        Ok(())
    }
}

fn not_json(error: &serde_json::Error) -> Error {
    Error::permanent(ErrorCode::ValueRefused, format!("the rows cannot be written as JSON: {error}"))
}

fn separate(line: &mut Vec<u8>, at: usize) {
    if at > 0 {
        line.push(b',');
    }
}

/// A field of CSV; text that looks like a formula goes behind a `'` where it `is_risky`.
fn field(line: &mut Vec<u8>, text: &str, is_risky: bool) {
    let formula = is_risky && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = formula || text.is_empty() || text.contains([',', '"', '\n', '\r']) || text.trim() != text;
    if !quoted {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    if formula {
        line.push(b'\'');
    }
    // Writing into memory cannot fail.
    let _ = write!(line, "{}", text.replace('"', "\"\""));
    line.push(b'"');
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
        || matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Boolean)
}
