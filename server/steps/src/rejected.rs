//! Rows that are kept out: their columns as they are, then `_rule` and `_reason`.

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use data::Result;
use std::sync::Arc;

/// The column that names the rule.
pub(crate) const RULE: &str = "_rule";
/// The column that says why.
pub(crate) const REASON: &str = "_reason";

/// The schema of rows kept out of rows of `schema`. Columns of an earlier rejection give way to the new ones.
pub(crate) fn rejected_schema(schema: &Schema) -> SchemaRef {
    let kept = schema.fields().iter().filter(|field| field.name() != RULE && field.name() != REASON);
    let mut fields: Vec<Arc<Field>> = kept.cloned().collect();
    fields.push(Arc::new(Field::new(RULE, DataType::Utf8, true)));
    fields.push(Arc::new(Field::new(REASON, DataType::Utf8, true)));
    Arc::new(Schema::new(fields))
}

/// One row kept out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its index in the batch.
    pub(crate) row: usize,
    /// The rule, or the rules.
    pub(crate) rule: String,
    /// Why.
    pub(crate) reason: String,
}

/// The refused rows of `records`, in the order given.
pub(crate) fn rejected_rows(records: &RecordBatch, schema: &SchemaRef, refusals: &[Refusal]) -> Result<RecordBatch> {
    if refusals.is_empty() {
        return Ok(RecordBatch::new_empty(schema.clone()));
    }
    let rows: UInt64Array = refusals.iter().map(|refusal| refusal.row as u64).collect::<Vec<_>>().into();
    let taken = take_record_batch(records, &rows)?;
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (field, column) in taken.schema().fields().iter().zip(taken.columns()) {
        if field.name() != RULE && field.name() != REASON {
            columns.push(column.clone());
        }
    }
    columns.push(Arc::new(StringArray::from_iter_values(refusals.iter().map(|refusal| refusal.rule.as_str()))));
    columns.push(Arc::new(StringArray::from_iter_values(refusals.iter().map(|refusal| refusal.reason.as_str()))));
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}
