//! What `sluice diff` prints: a summary with the first differences, all as JSON, or a line for each row.

use crate::output;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use data::{Error, Result};
use model::ErrorCode;
use serde_json::{Map, Value, json};
use std::io::{BufWriter, ErrorKind, Stdout, Write};
use transfer::diff::Report;
use transfer::schema::SchemaDifference;
use transfer::{DifferenceKind, DifferenceSink};

/// Prints a line for each row: its sign, a blank, then its values, key first, parted by tabs. NULL is `\N`; tab, line break and
/// backslash in text are `\t`, `\n`, `\r` and `\\`.
pub(super) struct Lines {
    out: BufWriter<Stdout>,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { out: BufWriter::new(std::io::stdout()) }
    }

    /// Writes out what is left.
    pub(super) fn end(mut self) -> Result<()> {
        self.out.flush().map_err(|error| unwritable(&error))
    }

    fn print(&mut self, rows: &[(char, &RecordBatch)]) -> Result<()> {
        let cells: Vec<_> =
            rows.iter().map(|(sign, records)| Ok((*sign, texts(&plain(records)?)?))).collect::<Result<_>>()?;
        let count = rows.first().map_or(0, |(_, records)| records.num_rows());
        for row in 0..count {
            for (sign, columns) in &cells {
                let values: Vec<String> = columns
                    .iter()
                    .map(|column| column[row].as_deref().map_or_else(|| "\\N".to_owned(), escaped))
                    .collect();
                writeln!(self.out, "{sign} {}", values.join("\t")).map_err(|error| unwritable(&error))?;
            }
        }
        Ok(())
    }
}

/// Standard output that is closed ends the comparison; it has not been told whole, so this is a failure like any other.
fn unwritable(error: &std::io::Error) -> Error {
    let why =
        if error.kind() == ErrorKind::BrokenPipe { "nobody reads it any more".to_owned() } else { error.to_string() };
    Error::permanent(ErrorCode::DiskFailed, format!("differences cannot be printed: {why}"))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            char => escaped.push(char),
        }
    }
    escaped
}

/// Booleans as the numbers they are compared as, so that `boolean` and `tinyint(1)` print alike.
fn plain(records: &RecordBatch) -> Result<RecordBatch> {
    let columns = records.columns().iter().map(|column| match column.data_type() {
        DataType::Boolean => cast(column, &DataType::UInt8),
        _ => Ok(column.clone()),
    });
    Ok(RecordBatch::try_from_iter_with_nullable(
        records
            .schema()
            .fields()
            .iter()
            .zip(columns)
            .map(|(field, column)| Ok((field.name().clone(), column?, true)))
            .collect::<Result<Vec<_>>>()?,
    )?)
}

/// Each column's values as text; none for NULL.
fn texts(records: &RecordBatch) -> Result<Vec<Vec<Option<String>>>> {
    let options = FormatOptions::default();
    let texts = records.columns().iter().map(|column| {
        let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
        let cell = |row| if column.is_null(row) { Ok(None) } else { formatter.value(row).try_to_string().map(Some) };
        Ok((0..column.len()).map(cell).collect::<std::result::Result<_, _>>()?)
    });
    texts.collect()
}

#[async_trait]
impl DifferenceSink for Lines {
    async fn begin(&mut self, report: &Report) -> Result<()> {
        tell(report);
        Ok(())
    }

    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        match kind {
            DifferenceKind::Missing => self.print(&[('-', &records)]),
            DifferenceKind::Extra => self.print(&[('+', &records)]),
            // They come whole.
            DifferenceKind::Changed => Ok(()),
        }
    }

    fn wants_changed_rows(&self) -> bool {
        true
    }

    async fn take_changed(&mut self, left: RecordBatch, right: RecordBatch) -> Result<()> {
        self.print(&[('-', &left), ('+', &right)])
    }
}

/// Says on standard error what is to be known before the comparison begins.
fn tell(report: &Report) {
    for reason in &report.reasons {
        eprintln!("{}: {reason}", report.strategy.as_str());
    }
    for note in &report.notes {
        eprintln!("note: {note}");
    }
}

/// Keeps the first differences of each kind for a person.
pub(super) struct Printed {
    limit: usize,
    tells: bool,
    missing: Vec<RecordBatch>,
    extra: Vec<RecordBatch>,
    changed: Vec<RecordBatch>,
}

impl Printed {
    pub(super) fn new(limit: usize, tells: bool) -> Self {
        Self { limit, tells, missing: Vec::new(), extra: Vec::new(), changed: Vec::new() }
    }

    pub(super) fn print_json(&self, report: &Report) -> Result<()> {
        let mut printed = match serde_json::to_value(report) {
            Ok(Value::Object(printed)) => printed,
            _ => Map::new(),
        };
        printed.insert("differences".to_owned(), report.totals.differences().into());
        printed.insert("percent".to_owned(), report.totals.percent().into());
        let mut sample = Map::new();
        for (name, batches) in [("missing", &self.missing), ("extra", &self.extra), ("changed", &self.changed)] {
            let mut rows = Vec::new();
            for records in batches {
                let columns = texts(records)?;
                for row in 0..records.num_rows() {
                    let schema = records.schema();
                    let cells = schema.fields().iter().zip(&columns);
                    rows.push(Value::Object(
                        cells.map(|(field, column)| (field.name().clone(), json!(column[row]))).collect(),
                    ));
                }
            }
            sample.insert(name.to_owned(), rows.into());
        }
        printed.insert("sample".to_owned(), sample.into());
        output::json(&printed);
        Ok(())
    }

    pub(super) fn print_table(&self, report: &Report) -> Result<()> {
        for (title, batches) in [("only left", &self.missing), ("only right", &self.extra), ("changed", &self.changed)]
        {
            let Some(first) = batches.first() else { continue };
            let schema = first.schema();
            let mut header: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            if title == "changed" {
                let width = header.len();
                header.splice(width - 3.., ["column", "left", "right"]);
            }
            let mut rows = Vec::new();
            for records in batches {
                let columns = texts(records)?;
                let cell =
                    |column: &Vec<Option<String>>, row: usize| column[row].clone().unwrap_or_else(|| "NULL".to_owned());
                rows.extend(
                    (0..records.num_rows()).map(|row| columns.iter().map(|column| cell(column, row)).collect()),
                );
            }
            output::line(format!("{title}:"));
            output::table(&header, &[], rows);
            output::line("");
        }
        let totals = &report.totals;
        let counts = [totals.left_rows, totals.right_rows, totals.equal, totals.missing, totals.extra, totals.changed];
        let mut row: Vec<String> = counts.iter().map(|count| output::count(*count)).collect();
        row.push(format!("{:.4}", totals.percent()));
        let header = ["left rows", "right rows", "equal", "only left", "only right", "changed", "percent"];
        output::table(&header, &header, vec![row]);
        if !report.complete {
            output::line("Not all rows were compared.");
        }
        Ok(())
    }
}

#[async_trait]
impl DifferenceSink for Printed {
    async fn begin(&mut self, report: &Report) -> Result<()> {
        if self.tells {
            tell(report);
        }
        Ok(())
    }

    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        let kept = match kind {
            DifferenceKind::Missing => &mut self.missing,
            DifferenceKind::Extra => &mut self.extra,
            DifferenceKind::Changed => &mut self.changed,
        };
        let shown: usize = kept.iter().map(RecordBatch::num_rows).sum();
        let wanted = records.num_rows().min(self.limit.saturating_sub(shown));
        if wanted > 0 {
            kept.push(records.slice(0, wanted));
        }
        Ok(())
    }
}

pub(super) fn schema_lines(differences: &[SchemaDifference]) {
    for difference in differences {
        output::line(match difference {
            SchemaDifference::Missing { column } => format!("- {column}"),
            SchemaDifference::Extra { column } => format!("+ {column}"),
            SchemaDifference::Type { column, left, right, .. } => format!("- {column}\t{left}\n+ {column}\t{right}"),
        });
    }
}

pub(super) fn schema_table(differences: &[SchemaDifference]) {
    if differences.is_empty() {
        output::line("The columns are the same.");
        return;
    }
    let rows = differences.iter().map(|difference| match difference {
        SchemaDifference::Missing { column } => {
            vec![column.clone(), "only left".to_owned(), String::new(), String::new()]
        }
        SchemaDifference::Extra { column } => {
            vec![column.clone(), "only right".to_owned(), String::new(), String::new()]
        }
        SchemaDifference::Type { column, left, right, comparable } => {
            let what = if *comparable { "another type" } else { "a type that cannot be compared" };
            vec![column.clone(), what.to_owned(), left.clone(), right.clone()]
        }
    });
    output::table(&["column", "difference", "left", "right"], &[], rows.collect());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use arrow::array::{ArrayRef, BooleanArray, Int8Array};
    use std::sync::Arc;

    #[test]
    fn a_boolean_prints_as_the_small_number_it_equals() {
        let check = |column: ArrayRef| {
            let records = RecordBatch::try_from_iter_with_nullable([("paid", column, true)]).unwrap();
            assert_eq!(
                texts(&plain(&records).unwrap()).unwrap()[0],
                [Some("1".to_owned()), Some("0".to_owned()), None]
            );
        };
        check(Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])));
        check(Arc::new(Int8Array::from(vec![Some(1), Some(0), None])));
    }
}
