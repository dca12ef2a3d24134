//! An answer as JSON whose values are exact; see [`data::encode::values`].

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use data::Result;
use data::encode::values::rows_of;
use serde::Serialize;
use serde_json::Value;

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// The statement's id in the history.
    pub id: String,
    /// Names and types of the columns.
    pub columns: Vec<PageColumn>,
    /// The rows, each a list of values in the order of the columns.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows.
    pub truncated: bool,
    /// Rows a writing statement changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affected: Option<u64>,
    /// How long it took.
    pub duration_ms: u64,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageColumn {
    /// Its name.
    pub name: String,
    /// Its type, as the system spells it.
    #[serde(rename = "type")]
    pub native_type: String,
}

impl Page {
    /// The page of an answer.
    ///
    /// # Errors
    /// `value_refused` for a value that cannot be shown.
    pub fn of(answered: &super::Answered) -> Result<Self> {
        let answer = &answered.answer;
        let mut rows = Vec::with_capacity(answer.batches.iter().map(RecordBatch::num_rows).sum());
        for batch in &answer.batches {
            rows.extend(rows_of(batch)?);
        }
        Ok(Self {
            id: answered.id.to_string(),
            columns: columns(&answer.schema, &answer.native_types),
            rows,
            truncated: answer.truncated,
            affected: answer.affected,
            duration_ms: u64::try_from(answered.duration.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// Names and types; the Arrow type where the system told none.
fn columns(schema: &SchemaRef, native: &[String]) -> Vec<PageColumn> {
    let fields = schema.fields().iter().enumerate();
    fields
        .map(|(at, field)| PageColumn {
            name: field.name().clone(),
            native_type: native.get(at).cloned().unwrap_or_else(|| field.data_type().to_string()),
        })
        .collect()
}
