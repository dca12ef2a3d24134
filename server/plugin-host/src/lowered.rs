//! Borrowed forms of schemas and batches, as the generated bindings want their parameters.

use crate::bindings::sluice::plugin::types::{BatchParam, ColumnParam, FieldParam, SchemaParam};
use crate::columns::{LoweredColumn, LoweredField, lower_schema};
use arrow::datatypes::Schema;

/// Runs `with` on the schema as a parameter.
pub(crate) struct SchemaParts {
    notes: Vec<(String, String)>,
    fields: Vec<LoweredField>,
}

impl SchemaParts {
    pub(crate) fn new(schema: &Schema) -> Self {
        let (notes, fields) = lower_schema(schema);
        Self { notes, fields }
    }

    pub(crate) fn notes(&self) -> Vec<(&str, &str)> {
        pairs(&self.notes)
    }

    pub(crate) fn field_notes(&self) -> Vec<Vec<(&str, &str)>> {
        self.fields.iter().map(|field| pairs(&field.metadata)).collect()
    }

    pub(crate) fn fields<'a>(&'a self, notes: &'a [Vec<(&'a str, &'a str)>]) -> Vec<FieldParam<'a>> {
        self.fields
            .iter()
            .zip(notes)
            .map(|(field, notes)| FieldParam {
                name: &field.name,
                format: &field.format,
                nullable: field.nullable,
                metadata: notes,
            })
            .collect()
    }
}

/// The parameter made of its parts.
pub(crate) fn schema_param<'a>(fields: &'a [FieldParam<'a>], notes: &'a [(&'a str, &'a str)]) -> SchemaParam<'a> {
    SchemaParam { fields, metadata: notes }
}

/// The columns of a batch as parameters.
pub(crate) fn column_params(columns: &[LoweredColumn]) -> Vec<ColumnParam<'_>> {
    columns
        .iter()
        .map(|column| ColumnParam {
            validity: column.validity.as_slice(),
            offsets: column.offsets.as_slice(),
            values: column.values.as_slice(),
        })
        .collect()
}

/// The parameter made of its columns.
pub(crate) fn batch_param<'a>(rows: usize, columns: &'a [ColumnParam<'a>]) -> BatchParam<'a> {
    BatchParam { rows: u32::try_from(rows).unwrap_or(u32::MAX), columns }
}

fn pairs(notes: &[(String, String)]) -> Vec<(&str, &str)> {
    notes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
