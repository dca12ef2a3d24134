//! Rules that give columns their types: a value that does not convert without loss keeps its row out.

use super::rule::{Verdict, find_column, spell};
use super::settings::{RuleSettings, parse_type};
use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{CastOptions, cast_with_options, is_not_null, is_null};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::Result;
use std::collections::HashMap;
use std::sync::Arc;

/// Gives columns of one lane their types. A type is of a column, so that it holds for every row of the lane.
pub(super) struct Caster {
    columns: Vec<(usize, DataType)>,
    schema: SchemaRef,
}

impl Caster {
    /// The types that `rule` gives to rows of `schema`. A rule for a class passes over columns that the lane lacks.
    pub(super) fn new(rule: &RuleSettings, schema: &SchemaRef) -> Result<Option<Self>> {
        let Some(types) = &rule.types else { return Ok(None) };
        let is_general = rule.class.to_list().is_empty() && rule.when.is_none();
        let mut columns = Vec::new();
        for (name, word) in types {
            let place = match find_column(schema, name, &rule.name) {
                Ok(place) => place,
                Err(error) if is_general => return Err(error),
                Err(_) => continue,
            };
            let Some(kind) = word.as_str().and_then(parse_type) else {
                return Err(crate::settings::invalid(format!("`{word}` is no type for column `{name}`")));
            };
            if schema.field(place).data_type() != &kind {
                columns.push((place, kind));
            }
        }
        let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
        for (place, kind) in &columns {
            fields[*place] = Arc::new(Field::new(fields[*place].name(), kind.clone(), true));
        }
        Ok(Some(Self { columns, schema: Arc::new(Schema::new(fields)) }))
    }

    /// The schema of rows that have their types.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows with their types, NULL where a value does not convert, and those rows.
    pub(super) fn apply(&self, records: &RecordBatch) -> Result<(RecordBatch, Verdict)> {
        let rows = records.num_rows();
        let mut columns = records.columns().to_vec();
        let mut reasons: HashMap<usize, String> = HashMap::new();
        for (place, kind) in &self.columns {
            let before = records.column(*place);
            let (after, lost) = convert(before, kind)?;
            for row in lost.iter().flat_map(|lost| (0..rows).filter(|row| lost.value(*row))) {
                let name = self.schema.field(*place).name();
                let reason = format!("{name} is {}, which is not {}", spell(before, row), word(kind));
                reasons.entry(row).and_modify(|text| *text = format!("{text}, {reason}")).or_insert(reason);
            }
            columns[*place] = after;
        }
        Ok((RecordBatch::try_new(self.schema.clone(), columns)?, Verdict::rows(rows, reasons)))
    }
}

/// The values as `kind`, and which of them got lost, if any.
pub(super) fn convert(values: &ArrayRef, kind: &DataType) -> Result<(ArrayRef, Option<BooleanBuffer>)> {
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let converted = cast_with_options(values, kind, &options)?;
    let mut lost: BooleanBuffer = if converted.null_count() == values.null_count() {
        BooleanBuffer::new_unset(values.len())
    } else {
        is_null(&converted)?.values() & is_not_null(values)?.values()
    };
    let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    if !is_text(values.data_type()) && !is_text(kind) {
        // What does not come back as it was has lost something on the way: 1.5 as a whole number, a time as a day.
        let back = cast_with_options(&converted, values.data_type(), &options)?;
        let same: BooleanArray = not_distinct(&back, values)?;
        lost = &lost | &!same.values();
    }
    let any = lost.count_set_bits() > 0;
    Ok((converted, any.then_some(lost)))
}

fn word(kind: &DataType) -> String {
    match kind {
        DataType::Int64 => "a whole number (int64)".into(),
        DataType::Float64 => "a number (float64)".into(),
        DataType::Boolean => "true or false".into(),
        DataType::Date32 => "a date".into(),
        DataType::Timestamp(..) => "a timestamp".into(),
        DataType::Decimal128(precision, scale) => format!("a decimal({precision},{scale})"),
        other => other.to_string().to_lowercase(),
    }
}
