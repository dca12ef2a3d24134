//! Record batches as the contract's columns, and back; nothing that comes back is believed.

use crate::bindings::sluice::plugin::types as wit;
use crate::format::{format_of, parse_format};
use arrow::array::{ArrayData, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow::buffer::{BooleanBuffer, Buffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::collections::HashSet;
use std::sync::Arc;

/// More rows than this in one batch are refused.
const ROWS: u32 = 1 << 20;
/// More columns than this are refused.
const COLUMNS: usize = 10_000;
/// Longer names of columns are refused.
const NAME: usize = 1024;

/// The schema a plugin sees: types that cannot cross are replaced by the plain type of the same values.
///
/// # Errors
/// Names the column that has no such type.
pub(crate) fn plain_schema(schema: &Schema) -> Result<SchemaRef, String> {
    let mut fields = Vec::new();
    for field in schema.fields() {
        let plain = plain_type(field.data_type());
        if format_of(&plain).is_none() {
            return Err(format!("column `{}` has type {}, which no plugin can take", field.name(), field.data_type()));
        }
        fields.push(field.as_ref().clone().with_data_type(plain));
    }
    Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => plain_type(values),
        other => other.clone(),
    }
}

/// A schema on its way to a plugin.
pub(crate) fn lower_schema(schema: &Schema) -> (Vec<(String, String)>, Vec<LoweredField>) {
    let notes = |map: &std::collections::HashMap<String, String>| {
        let mut notes: Vec<_> = map.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        notes.sort();
        notes
    };
    let fields = schema
        .fields()
        .iter()
        .map(|field| LoweredField {
            name: field.name().clone(),
            format: format_of(field.data_type()).unwrap_or_default(),
            nullable: field.is_nullable(),
            metadata: notes(field.metadata()),
        })
        .collect();
    (notes(schema.metadata()), fields)
}

/// One field on its way to a plugin.
pub(crate) struct LoweredField {
    pub(crate) name: String,
    pub(crate) format: String,
    pub(crate) nullable: bool,
    pub(crate) metadata: Vec<(String, String)>,
}

/// One column's buffers on their way to a plugin; they share memory with the batch where its layout allows.
pub(crate) struct LoweredColumn {
    pub(crate) validity: Buffer,
    pub(crate) offsets: Buffer,
    pub(crate) values: Buffer,
}

/// The columns of a batch of `plain` schema on their way to a plugin.
///
/// # Errors
/// When a column cannot be turned into the plain type.
pub(crate) fn lower(records: &RecordBatch, plain: &Schema) -> Result<Vec<LoweredColumn>, String> {
    let mut columns = Vec::with_capacity(records.num_columns());
    for (array, field) in records.columns().iter().zip(plain.fields()) {
        let array = if array.data_type() == field.data_type() {
            array.clone()
        } else {
            cast(array, field.data_type()).map_err(|error| format!("column `{}`: {error}", field.name()))?
        };
        columns.push(lower_column(&array));
    }
    Ok(columns)
}

fn lower_column(array: &ArrayRef) -> LoweredColumn {
    let data = array.to_data();
    let (offset, rows) = (data.offset(), data.len());
    let none = Buffer::from(Vec::<u8>::new());
    let validity = match data.nulls() {
        Some(nulls) if nulls.null_count() > 0 => bits(nulls.inner()),
        _ => none.clone(),
    };
    let (offsets, values) = match data.data_type() {
        DataType::Null => (none.clone(), none),
        DataType::Boolean => (none, bits(&BooleanBuffer::new(data.buffers()[0].clone(), offset, rows))),
        DataType::Utf8 | DataType::Binary => {
            let offsets = data.buffers()[0].typed_data::<i32>();
            let offsets = if offsets.is_empty() { &[0][..] } else { &offsets[offset..=offset + rows] };
            let (first, last) = (offsets[0], offsets[rows.min(offsets.len() - 1)]);
            let bytes = data.buffers()[1].slice_with_length(first as usize, (last - first) as usize);
            let offsets: Vec<i32> = offsets.iter().map(|offset| offset - first).collect();
            (Buffer::from_vec(offsets), bytes)
        }
        fixed => {
            let width = width(fixed);
            (none, data.buffers()[0].slice_with_length(offset * width, rows * width))
        }
    };
    LoweredColumn { validity, offsets, values }
}

/// The bits from the first row on, with as many bytes as they need.
fn bits(bits: &BooleanBuffer) -> Buffer {
    let sliced = bits.sliced();
    sliced.slice_with_length(0, bits.len().div_ceil(8).min(sliced.len()))
}

fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::FixedSizeBinary(width) => usize::try_from(*width).unwrap_or(0),
        other => other.primitive_width().unwrap_or(0),
    }
}

/// A schema that a plugin declared.
///
/// # Errors
/// Says which column breaks the contract.
pub(crate) fn lift_schema(schema: wit::SchemaResult) -> Result<SchemaRef, String> {
    if schema.fields.len() > COLUMNS {
        return Err(format!("declares {} columns; at most {COLUMNS} are allowed", schema.fields.len()));
    }
    let mut names = HashSet::new();
    let mut fields = Vec::with_capacity(schema.fields.len());
    for field in schema.fields {
        let shown = crate::capability::always::clean(&field.name, 64);
        if field.name.is_empty() || field.name.len() > NAME {
            return Err(format!(
                "declares a column whose name has {} bytes; 1 to {NAME} are allowed",
                field.name.len()
            ));
        }
        if !names.insert(field.name.clone()) {
            return Err(format!("declares column `{shown}` twice"));
        }
        let Some(data_type) = parse_format(&field.format) else {
            let format = crate::capability::always::clean(&field.format, 64);
            return Err(format!("declares column `{shown}` with format `{format}`, which is not one of the contract"));
        };
        let metadata = field.metadata.into_iter().collect();
        fields.push(Field::new(field.name, data_type, field.nullable).with_metadata(metadata));
    }
    Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata.into_iter().collect())))
}

/// A batch that a plugin handed over, checked in full: lengths, offsets, UTF-8, nulls.
///
/// # Errors
/// Says which column breaks the contract, and how.
pub(crate) fn lift(batch: wit::BatchResult, schema: &SchemaRef) -> Result<RecordBatch, String> {
    if batch.rows > ROWS {
        return Err(format!("handed over a batch of {} rows; at most {ROWS} are allowed", batch.rows));
    }
    let rows = batch.rows as usize;
    if batch.columns.len() != schema.fields().len() {
        let (found, wanted) = (batch.columns.len(), schema.fields().len());
        return Err(format!("handed over a batch of {found} columns, but its schema has {wanted}"));
    }
    let mut columns = Vec::with_capacity(batch.columns.len());
    for (column, field) in batch.columns.into_iter().zip(schema.fields()) {
        let array = lift_column(column, field.data_type(), rows).map_err(|why| {
            let name = crate::capability::always::clean(field.name(), 64);
            format!("handed over a broken column `{name}`: {}", crate::capability::always::clean(&why, 300))
        })?;
        columns.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
        .map_err(|error| format!("handed over a batch that breaks its schema: {error}"))
}

fn lift_column(column: wit::ColumnResult, data_type: &DataType, rows: usize) -> Result<ArrayRef, String> {
    let wit::ColumnResult { validity, offsets, values } = column;
    let at_least = |what: &str, found: usize, wanted: usize| {
        if found < wanted { Err(format!("{what} has {found} bytes, {rows} rows need {wanted}")) } else { Ok(()) }
    };
    let mut data = ArrayData::builder(data_type.clone()).len(rows);
    if !validity.is_empty() && *data_type != DataType::Null {
        // Arrow's own bit buffer panics where this is not so.
        at_least("`validity`", validity.len(), rows.div_ceil(8))?;
        data = data.null_bit_buffer(Some(Buffer::from_vec(validity)));
    }
    match data_type {
        DataType::Null => {}
        DataType::Boolean => {
            at_least("`values`", values.len(), rows.div_ceil(8))?;
            data = data.add_buffer(Buffer::from_vec(values));
        }
        DataType::Utf8 | DataType::Binary => {
            at_least("`offsets`", offsets.len(), (rows + 1) * 4)?;
            data = data.add_buffer(Buffer::from_vec(offsets)).add_buffer(Buffer::from_vec(values));
        }
        fixed => {
            at_least("`values`", values.len(), rows * width(fixed))?;
            data = data.add_buffer(Buffer::from_vec(values));
        }
    }
    let data = data.align_buffers(true).build().map_err(|error| error.to_string())?;
    Ok(make_array(data))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::*;
    use arrow::datatypes::Int32Type;

    fn through(records: &RecordBatch) -> RecordBatch {
        let plain = plain_schema(&records.schema()).unwrap();
        let columns = lower(records, &plain)
            .unwrap()
            .into_iter()
            .map(|column| wit::ColumnResult {
                validity: column.validity.to_vec(),
                offsets: column.offsets.to_vec(),
                values: column.values.to_vec(),
            })
            .collect();
        lift(wit::BatchResult { rows: u32::try_from(records.num_rows()).unwrap(), columns }, &plain).unwrap()
    }

    fn sample() -> RecordBatch {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("text", Arc::new(StringArray::from(vec![Some("a"), None, Some(""), Some("grün"), Some("x"), Some("yz")]))),
            ("number", Arc::new(Int64Array::from(vec![Some(1), Some(2), None, Some(4), Some(5), Some(6)]))),
            ("truth", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true), None, Some(true)]))),
            ("bytes", Arc::new(BinaryArray::from_vec(vec![b"a", b"", b"ccc", b"d", b"e", b"f"]))),
            ("amount", {
                let amounts = Decimal128Array::from(vec![1, -2, 3, 4, 5, 6]).with_precision_and_scale(20, 2).unwrap();
                Arc::new(amounts)
            }),
            ("nothing", Arc::new(NullArray::new(6))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    #[test]
    fn a_batch_comes_back_as_it_was_whatever_slice_it_is() {
        let sample = sample();
        for start in 0..=6 {
            for rows in 0..=6 - start {
                let slice = sample.slice(start, rows);
                assert_eq!(through(&slice), slice, "{start}..{}", start + rows);
            }
        }
    }

    #[test]
    fn dictionaries_and_long_texts_cross_as_plain_text() {
        let dictionary: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
        let long = LargeStringArray::from(vec!["x", "y", "z"]);
        let records = RecordBatch::try_from_iter_with_nullable([
            ("dictionary", Arc::new(dictionary) as ArrayRef, true),
            ("long", Arc::new(long) as ArrayRef, false),
        ])
        .unwrap();
        let back = through(&records);
        assert_eq!(back.column(0).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a"), None, Some("a")]);
        assert_eq!(back.column(1).as_string::<i32>().value(2), "z");
    }

    fn refused(format: &str, column: wit::ColumnResult, rows: u32, expected: &str) {
        let field = wit::FieldResult { name: "c".into(), format: format.into(), nullable: false, metadata: vec![] };
        let schema = lift_schema(wit::SchemaResult { fields: vec![field], metadata: vec![] }).unwrap();
        let error = lift(wit::BatchResult { rows, columns: vec![column] }, &schema).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    fn column(validity: &[u8], offsets: &[i32], values: &[u8]) -> wit::ColumnResult {
        let offsets = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        wit::ColumnResult { validity: validity.to_vec(), offsets, values: values.to_vec() }
    }

    #[test]
    fn broken_columns_are_refused_by_name() {
        refused("l", column(&[], &[], &[0; 8]), 2, "`values` has 8 bytes, 2 rows need 16");
        refused("l", column(&[0xff], &[], &[0; 80]), 10, "`validity` has 1 bytes");
        refused("b", column(&[], &[], &[]), 1, "`values`");
        refused("u", column(&[], &[0], b"a"), 1, "`offsets` has 4 bytes");
        refused("u", column(&[], &[0, 5], b"abc"), 1, "column `c`");
        refused("u", column(&[], &[0, 3, 1], b"abc"), 2, "column `c`");
        refused("u", column(&[], &[0, -1], b"abc"), 1, "column `c`");
        refused("u", column(&[], &[0, 1], &[0xff]), 1, "column `c`");
        refused("l", column(&[0], &[], &[0; 8]), 1, "breaks its schema");
        refused("l", column(&[], &[], &[]), u32::MAX, "rows");
    }

    #[test]
    fn a_schema_with_a_doubled_or_nameless_column_is_refused() {
        let field =
            |name: &str| wit::FieldResult { name: name.into(), format: "l".into(), nullable: true, metadata: vec![] };
        for (fields, expected) in [(vec![field("a"), field("a")], "twice"), (vec![field("")], "0 bytes")] {
            let error = lift_schema(wit::SchemaResult { fields, metadata: vec![] }).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
