//! An answer written as CSV, JSON or Parquet.
//!
//! Batches are written one after the other, so that beside the answer itself hardly any memory is used. A file of CSV is
//! often opened by a spreadsheet, which runs what looks like a formula: text that does is put behind a `'` unless `raw`.

use super::page;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::{ConsoleAnswer, Error, Result};
use model::ErrorCode;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header; NULL is nothing, empty text is `""`. `raw`: text that looks like a formula stays as it is.
    Csv {
        /// Whether text is written as it is.
        raw: bool,
    },
    /// A list of objects.
    Json,
    /// Parquet, compressed.
    Parquet,
}

/// Writes `answer` to `out`; tells how many rows.
///
/// # Errors
/// `disk_failed` where `out` fails, `value_refused` for a value the format cannot hold.
pub fn write(answer: &ConsoleAnswer, format: Format, mut out: impl Write + Send) -> Result<u64> {
    let names = unique(&answer.schema);
    match format {
        Format::Csv { raw } => csv(answer, &names, raw, &mut out)?,
        Format::Json => json(answer, &names, &mut out)?,
        Format::Parquet => parquet(answer, &names, &mut out)?,
    }
    out.flush().map_err(disk)?;
    Ok(answer.batches.iter().map(|batch| batch.num_rows() as u64).sum())
}

fn disk(error: std::io::Error) -> Error {
    Error::permanent(ErrorCode::DiskFailed, format!("the file cannot be written: {error}"))
}

/// The columns' names, each once: the second `id` of a join is `id_2`.
fn unique(schema: &SchemaRef) -> Vec<String> {
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

fn csv(answer: &ConsoleAnswer, names: &[String], raw: bool, out: &mut impl Write) -> Result<()> {
    let mut line = String::new();
    for (at, name) in names.iter().enumerate() {
        separate(&mut line, at);
        field(&mut line, name, !raw);
    }
    line.push('\n');
    for batch in &answer.batches {
        let text: Vec<bool> = batch.schema().fields().iter().map(|field| !is_number(field.data_type())).collect();
        for row in page::values(batch)? {
            for (at, value) in row.iter().enumerate() {
                separate(&mut line, at);
                match value {
                    Value::Null => {}
                    Value::String(string) => field(&mut line, string, text[at] && !raw),
                    other => field(&mut line, &other.to_string(), false),
                }
            }
            line.push('\n');
            if line.len() > 64 << 10 {
                out.write_all(line.as_bytes()).map_err(disk)?;
                line.clear();
            }
        }
    }
    out.write_all(line.as_bytes()).map_err(disk)
}

fn separate(line: &mut String, at: usize) {
    if at > 0 {
        line.push(',');
    }
}

fn field(line: &mut String, text: &str, neutral: bool) {
    let formula = neutral && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = formula || text.is_empty() || text.contains([',', '"', '\n', '\r']) || text.trim() != text;
    if !quoted {
        line.push_str(text);
        return;
    }
    line.push('"');
    if formula {
        line.push('\'');
    }
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
        || matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Boolean)
}

fn json(answer: &ConsoleAnswer, names: &[String], out: &mut impl Write) -> Result<()> {
    out.write_all(b"[").map_err(disk)?;
    let mut first = true;
    for batch in &answer.batches {
        for row in page::values(batch)? {
            out.write_all(if first { b"\n" } else { b",\n" }).map_err(disk)?;
            first = false;
            let object: serde_json::Map<String, Value> = names.iter().cloned().zip(row).collect();
            serde_json::to_writer(&mut *out, &object).map_err(|error| disk(error.into()))?;
        }
    }
    out.write_all(b"\n]\n").map_err(disk)
}

fn parquet(answer: &ConsoleAnswer, names: &[String], out: &mut (impl Write + Send)) -> Result<()> {
    let fields: Vec<Field> = answer
        .schema
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| field.as_ref().clone().with_name(name).with_nullable(true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(Default::default())).build();
    let refused = |error: parquet::errors::ParquetError| {
        Error::permanent(ErrorCode::ValueRefused, format!("the answer cannot be written as Parquet: {error}"))
    };
    let mut writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(refused)?;
    for batch in &answer.batches {
        let batch = RecordBatch::try_new(schema.clone(), batch.columns().to_vec())?;
        writer.write(&batch).map_err(refused)?;
        if writer.in_progress_size() > 16 << 20 {
            writer.flush().map_err(refused)?;
        }
    }
    writer.close().map_err(refused)?;
    Ok(())
}
