//! Rows of a statement, and the types that hold all of their values.

use super::{Failure, Out};
use crate::console::BATCH_BYTES;
use crate::sqlite::column::{Column, Seen};
use crate::sqlite::guard::Guard;
use crate::sqlite::types::Kind;
use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use data::console::ConsoleLimits;
use data::{BATCH_ROWS, Error, Result};
use model::ErrorCode;
use rusqlite::Statement;
use rusqlite::types::{Value, ValueRef};
use std::sync::Arc;

/// Rows on their way into batches.
pub(super) struct Fetch {
    names: Vec<String>,
    declared: Vec<Option<String>>,
    promised: Vec<Kind>,
    /// What the values were, of all rows for a stream, otherwise of those held.
    seen: Vec<Seen>,
    held: Vec<Vec<Value>>,
    limits: ConsoleLimits,
}

impl Fetch {
    pub(super) fn of(statement: &Statement<'_>, limits: ConsoleLimits) -> Self {
        let columns = statement.columns();
        let declared: Vec<Option<String>> =
            columns.iter().map(|column| column.decl_type().map(str::to_owned)).collect();
        Self {
            names: columns.iter().map(|column| column.name().to_owned()).collect(),
            promised: declared.iter().map(|declared| Kind::of(declared.as_deref())).collect(),
            seen: vec![Seen::default(); declared.len()],
            declared,
            held: Vec::new(),
            limits,
        }
    }

    /// Takes rows up to the limits; tells whether there were more.
    pub(super) fn run(mut self, statement: &mut Statement<'_>, out: &mut Out, guard: &Guard) -> Result<bool, Failure> {
        let failed = |error| Failure::Sqlite(error, guard.clone());
        if !out.feed.is_page() {
            self.look(statement).map_err(failed)?;
            self.begin(out);
        }
        let most = out.feed.most_bytes(&self.limits);
        let (mut count, mut bytes, mut pending, mut truncated) = (0_u64, 0_u64, 0_u64, false);
        let mut rows = statement.raw_query();
        // A writing statement does its work with the first row, before it answers any.
        while let Some(row) = rows.next().map_err(failed)? {
            let mut values = Vec::with_capacity(self.names.len());
            for index in 0..self.names.len() {
                let value = row.get_ref(index).map_err(failed)?;
                pending += match value {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
                    _ => 8,
                };
                values.push(kept(value));
            }
            if count >= self.limits.rows || bytes.saturating_add(pending) > most {
                truncated = true;
                break;
            }
            count += 1;
            self.held.push(values);
            if !out.feed.is_page() && (self.held.len() == BATCH_ROWS || pending >= BATCH_BYTES) {
                bytes += std::mem::take(&mut pending);
                out.push(self.cut().map_err(Failure::Told)?)?;
            }
        }
        drop(rows);
        if out.feed.is_page() {
            for row in &self.held {
                for (at, value) in row.iter().enumerate() {
                    self.seen[at].note(self.promised[at], ValueRef::from(value));
                }
            }
            self.begin(out);
        }
        if !self.held.is_empty() {
            out.push(self.cut().map_err(Failure::Told)?)?;
        }
        Ok(truncated)
    }

    /// Goes through all rows to learn what their values are.
    fn look(&mut self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        let mut rows = statement.raw_query();
        let mut count = 0;
        while let Some(row) = rows.next()? {
            if count == self.limits.rows {
                break;
            }
            count += 1;
            for (at, seen) in self.seen.iter_mut().enumerate() {
                seen.note(self.promised[at], row.get_ref(at)?);
            }
        }
        Ok(())
    }

    fn kinds(&self) -> Vec<Kind> {
        self.seen.iter().zip(&self.promised).map(|(seen, promised)| seen.kind(*promised)).collect()
    }

    fn schema(&self) -> SchemaRef {
        let kinds = self.kinds();
        let fields = self.names.iter().zip(kinds).map(|(name, kind)| Field::new(name, kind.data_type(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn begin(&self, out: &mut Out) {
        let spoken = |kind| match kind {
            Kind::Int64 => "INTEGER",
            Kind::Float64 => "REAL",
            Kind::Binary => "BLOB",
            _ => "TEXT",
        };
        let declared = self.declared.iter().zip(self.kinds()).map(|(declared, kind)| {
            declared.clone().filter(|word| !word.is_empty()).unwrap_or_else(|| spoken(kind).to_owned())
        });
        out.feed.begin(self.schema(), declared.collect());
    }

    /// The rows held so far as a batch.
    fn cut(&mut self) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.held);
        let mut arrays = Vec::<ArrayRef>::new();
        for (index, kind) in self.kinds().into_iter().enumerate() {
            let mut column = Column::new(kind, rows.len());
            for row in &rows {
                if !column.append(ValueRef::from(&row[index])) {
                    let message = format!("a value of column `{}` is no {}", self.names[index], kind.data_type());
                    return Err(Error::permanent(ErrorCode::ValueRefused, message));
                }
            }
            arrays.push(column.finish());
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(self.schema(), arrays, &options)?)
    }
}

/// The value, on its own. Text that is none stays bytes, and the column becomes one of bytes.
fn kept(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(text.to_vec()),
        },
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
