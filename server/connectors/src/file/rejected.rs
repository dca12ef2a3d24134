//! Rows that could not be read as the schema says, with their line, the rule they broke and why.

use arrow::array::{ArrayRef, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::Result;
use std::sync::Arc;

/// Collects rejected rows of one batch.
#[derive(Debug)]
pub(crate) struct Rejected {
    schema: SchemaRef,
    columns: Vec<StringBuilder>,
    lines: Int64Builder,
    rules: StringBuilder,
    reasons: StringBuilder,
    rows: usize,
    bytes: usize,
}

impl Rejected {
    /// For a source with columns of these names.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut fields: Vec<Field> = names.map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let columns = fields.iter().map(|_| StringBuilder::new()).collect();
        fields.push(Field::new("_line", DataType::Int64, false));
        fields.push(Field::new("_rule", DataType::Utf8, false));
        fields.push(Field::new("_reason", DataType::Utf8, false));
        Self {
            schema: Arc::new(Schema::new(fields)),
            columns,
            lines: Int64Builder::new(),
            rules: StringBuilder::new(),
            reasons: StringBuilder::new(),
            rows: 0,
            bytes: 0,
        }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row; columns past the end of `values` are NULL, values past the last column are for the reason to name.
    pub(crate) fn push<T: AsRef<str>>(
        &mut self,
        values: impl IntoIterator<Item = Option<T>>,
        line: u64,
        rule: &str,
        reason: &str,
    ) {
        let mut values = values.into_iter();
        for column in &mut self.columns {
            match values.next().flatten() {
                Some(value) => {
                    self.bytes += value.as_ref().len();
                    column.append_value(value);
                }
                None => column.append_null(),
            }
        }
        self.bytes += reason.len();
        self.lines.append_value(i64::try_from(line).unwrap_or(i64::MAX));
        self.rules.append_value(rule);
        self.reasons.append_value(reason);
        self.rows += 1;
    }

    /// The rows so far, or `None`; empty afterwards.
    pub(crate) fn take(&mut self) -> Result<Option<RecordBatch>> {
        if self.rows == 0 {
            return Ok(None);
        }
        let mut arrays: Vec<ArrayRef> = self.columns.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef).collect();
        arrays.push(Arc::new(self.lines.finish()));
        arrays.push(Arc::new(self.rules.finish()));
        arrays.push(Arc::new(self.reasons.finish()));
        self.rows = 0;
        self.bytes = 0;
        Ok(Some(RecordBatch::try_new(self.schema.clone(), arrays)?))
    }
}

/// `value` as shown in a reason: at most 80 characters, control characters escaped.
pub(crate) fn shown(value: &str) -> String {
    let mut text = String::new();
    for (count, character) in value.chars().enumerate() {
        if count == 80 {
            text.push('…');
            break;
        }
        if character.is_control() { text.extend(character.escape_default()) } else { text.push(character) }
    }
    text
}
