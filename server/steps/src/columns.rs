//! The columns of rows that come from several steps and go into one file.

use arrow::array::{ArrayRef, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use data::Result;
use data::encode::unique_names;
use data::encode::values::column_values;
use serde_json::Value;
use std::sync::Arc;

/// Columns of all schemas that were taken up, each once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns(Vec<Field>);

impl Columns {
    /// Takes up a schema's columns. One that schemas have in different types is text, as all of them can be.
    pub(crate) fn add(&mut self, schema: &Schema) {
        for (field, name) in schema.fields().iter().zip(unique_names(schema)) {
            match self.0.iter_mut().find(|known| *known.name() == name) {
                Some(known) if fits(field, known) => {}
                Some(known) => *known = Field::new(name, DataType::Utf8, true),
                None => self.0.push(field.as_ref().clone().with_name(name).with_nullable(true)),
            }
        }
    }

    /// Whether rows of this schema need no column more, and no other type.
    pub(crate) fn hold(&self, schema: &Schema) -> bool {
        let mut fields = schema.fields().iter().zip(unique_names(schema));
        fields.all(|(field, name)| self.0.iter().any(|known| *known.name() == name && fits(field, known)))
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.0.clone()))
    }

    /// The rows with all columns; what they do not have is null.
    ///
    /// # Errors
    /// `value_refused` for a value that cannot be shown as text, where its column is text for the others' sake.
    pub(crate) fn align(&self, records: &RecordBatch) -> Result<RecordBatch> {
        let names = unique_names(&records.schema());
        let column = |field: &Field| {
            let found = names.iter().position(|name| name == field.name()).map(|place| records.column(place));
            match found {
                Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
                Some(column) => spelled(column),
                None => Ok(new_null_array(field.data_type(), records.num_rows())),
            }
        };
        let columns = self.0.iter().map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(records.num_rows()));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }
}

/// The values as text, as a file shows them.
fn spelled(column: &ArrayRef) -> Result<ArrayRef> {
    let spell = |value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    Ok(Arc::new(column_values(column)?.into_iter().map(spell).collect::<StringArray>()))
}

fn fits(field: &Field, known: &Field) -> bool {
    [field.data_type(), &DataType::Utf8].contains(&known.data_type())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{BinaryArray, Int64Array};

    fn records(column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([("v", column)]).unwrap()
    }

    #[test]
    fn what_has_several_types_becomes_text_as_a_file_shows_it() {
        let all = [
            records(Arc::new(Int64Array::from(vec![Some(7), None]))),
            records(Arc::new(BinaryArray::from_iter_values([[0xff_u8, 0x00]]))),
            records(Arc::new(StringArray::from(vec!["seven"]))),
        ];
        let mut columns = Columns::default();
        all.iter().for_each(|records| columns.add(&records.schema()));
        let spelled: Vec<Option<String>> = all
            .iter()
            .flat_map(|records| {
                let aligned = columns.align(records).unwrap();
                let column = aligned.column(0).as_any().downcast_ref::<StringArray>().unwrap().clone();
                column.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(spelled, [Some("7"), None, Some("/wA="), Some("seven")].map(|text| text.map(str::to_owned)));
        assert!(columns.hold(&all[0].schema()));
        assert!(!columns.hold(&Schema::new(vec![Field::new("w", DataType::Int64, true)])));
    }
}
