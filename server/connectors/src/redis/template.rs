//! Key templates: `quote:{symbol}`, with columns in braces; two braces mean one.

use crate::cell;
use crate::error::column_not_found;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use data::{Error, Result};
use model::ErrorCode;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Column(String),
}

/// A template whose columns are all in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

impl Template {
    pub(super) fn parse(text: &str, schema: &SchemaRef) -> Result<Self> {
        let wrong = |why: &str| {
            Error::permanent(ErrorCode::InvalidValue, format!("key template `{text}` {why}"))
                .hint("Write it like `quote:{symbol}`.")
        };
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '{' | '}' if chars.peek() == Some(&char) => {
                    chars.next();
                    plain.push(char);
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(char) => name.push(char),
                            None => return Err(wrong("has a brace that is not closed")),
                        }
                    }
                    if schema.index_of(&name).is_err() {
                        let names = schema.fields().iter().map(|field| field.name().as_str());
                        return Err(column_not_found(&name, "the batch", names));
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Column(name));
                }
                '}' => return Err(wrong("has a brace that was not opened")),
                other => plain.push(other),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        if parts.is_empty() {
            return Err(wrong("is empty"));
        }
        Ok(Self(parts))
    }

    /// Whether every row has the same key.
    pub(super) fn is_constant(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The key of a row; the error names the column that is NULL.
    pub(super) fn key(&self, records: &RecordBatch, row: usize) -> Result<String, String> {
        let mut key = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => key.push_str(text),
                Part::Column(name) => match records.column_by_name(name).and_then(|array| cell::text(array, row)) {
                    Some(value) => key.push_str(&value),
                    None => return Err(format!("column `{name}` is NULL and cannot be part of the key")),
                },
            }
        }
        Ok(key)
    }
}
