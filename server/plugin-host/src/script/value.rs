//! Values of Arrow as values of scripts, and back; what comes back is held against its column.

use crate::bindings::sluice::plugin::types as wit;
use crate::format::{format_of, parse_format};
use arrow::array::*;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::*;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rhai::{Blob, Dynamic, Map};
use std::collections::HashSet;
use std::sync::Arc;

/// A number that scripts have no type for is text.
pub(super) fn integer(number: u64) -> Dynamic {
    i64::try_from(number).map_or_else(|_| number.to_string().into(), Dynamic::from_int)
}

/// The value of a row: numbers, truth values, texts and bytes as themselves, days, moments and decimals as text, null as `()`.
pub(super) fn of(array: &dyn Array, row: usize) -> Dynamic {
    if array.is_null(row) {
        return Dynamic::UNIT;
    }
    macro_rules! int {
        ($kind:ty) => {
            Dynamic::from_int(i64::from(array.as_primitive::<$kind>().value(row)))
        };
    }
    match array.data_type() {
        DataType::Null => Dynamic::UNIT,
        DataType::Boolean => Dynamic::from_bool(array.as_boolean().value(row)),
        DataType::Int8 => int!(Int8Type),
        DataType::Int16 => int!(Int16Type),
        DataType::Int32 => int!(Int32Type),
        DataType::Int64 => int!(Int64Type),
        DataType::UInt8 => int!(UInt8Type),
        DataType::UInt16 => int!(UInt16Type),
        DataType::UInt32 => int!(UInt32Type),
        DataType::UInt64 => integer(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float32 => Dynamic::from_float(f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => Dynamic::from_float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Binary => Dynamic::from_blob(array.as_binary::<i32>().value(row).to_vec()),
        DataType::FixedSizeBinary(_) => Dynamic::from_blob(array.as_fixed_size_binary().value(row).to_vec()),
        _ => text(array, row).into(),
    }
}

fn text(array: &dyn Array, row: usize) -> String {
    let one = array.slice(row, 1);
    let options = FormatOptions::new().with_display_error(true);
    ArrayFormatter::try_new(&one, &options).map_or_else(|_| String::new(), |shown| shown.value(0).to_string())
}

/// The columns as scripts see them: a list of `#{ name, type, nullable }`.
pub(super) fn columns(schema: &Schema) -> Dynamic {
    let column = |field: &Arc<Field>| {
        let mut map = Map::new();
        map.insert("name".into(), field.name().as_str().into());
        map.insert("type".into(), type_name(field.data_type()).into());
        map.insert("nullable".into(), field.is_nullable().into());
        Dynamic::from_map(map)
    };
    Dynamic::from_array(schema.fields().iter().map(column).collect())
}

/// Words for the usual types; the others are spelled as the contract does.
const WORDS: [(&str, DataType); 8] = [
    ("boolean", DataType::Boolean),
    ("int64", DataType::Int64),
    ("float64", DataType::Float64),
    ("text", DataType::Utf8),
    ("binary", DataType::Binary),
    ("date", DataType::Date32),
    ("int32", DataType::Int32),
    ("float32", DataType::Float32),
];

fn type_name(data_type: &DataType) -> String {
    if *data_type == timestamp() {
        return "timestamp".to_owned();
    }
    match WORDS.iter().find(|(_, known)| known == data_type) {
        Some((word, _)) => (*word).to_owned(),
        None => format_of(data_type).unwrap_or_default(),
    }
}

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn type_of(word: &str) -> Option<DataType> {
    if word == "timestamp" {
        return Some(timestamp());
    }
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, data_type)| data_type.clone()).or_else(|| parse_format(word))
}

/// A schema that a script declared: a list of `#{ name, type }` with `nullable` where it is not.
pub(super) fn schema_of(declared: &Dynamic) -> Result<SchemaRef, String> {
    let Some(columns) = declared.read_lock::<rhai::Array>() else {
        return Err("declares columns that are no list of `#{ name, type }`".to_owned());
    };
    if columns.len() > 10_000 {
        return Err(format!("declares {} columns; at most 10000 are allowed", columns.len()));
    }
    let (mut names, mut fields) = (HashSet::new(), Vec::new());
    for column in columns.iter() {
        let Some(column) = column.read_lock::<Map>() else {
            return Err("declares a column that is no map of `name` and `type`".to_owned());
        };
        let word = |key: &str| column.get(key).and_then(|it| it.clone().into_string().ok()).unwrap_or_default();
        let (name, kind) = (word("name"), word("type"));
        let shown = crate::capability::always::clean(&name, 64);
        if name.is_empty() || name.len() > 1024 {
            return Err(format!("declares a column whose name has {} bytes; 1 to 1024 are allowed", name.len()));
        }
        let Some(data_type) = type_of(&kind) else {
            let kind = crate::capability::always::clean(&kind, 64);
            return Err(format!(
                "declares column `{shown}` with type `{kind}`; there are boolean, int64, float64, text, binary, date, \
                 timestamp and the formats of the contract"
            ));
        };
        let nullable = column.get("nullable").and_then(|it| it.as_bool().ok()).unwrap_or(true);
        if !names.insert(name.clone()) {
            return Err(format!("declares column `{shown}` twice"));
        }
        fields.push(Field::new(name, data_type, nullable));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Rows as maps, as a batch of that schema. A key that is missing is null; one that is no column is an error.
pub(super) fn batch(rows: &[Map], schema: &SchemaRef) -> Result<RecordBatch, String> {
    let mut found = 0;
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let values = rows.iter().map(|row| row.get(field.name().as_str()));
        found += values.clone().flatten().count();
        arrays.push(array(field, values)?);
    }
    if found != rows.iter().map(Map::len).sum::<usize>() {
        let known = |key: &str| schema.field_with_name(key).is_ok();
        let odd = rows.iter().enumerate().find_map(|(row, map)| Some((row, map.keys().find(|key| !known(key))?)));
        let (row, key) = odd.map_or((0, String::new()), |(row, key)| (row + 1, key.to_string()));
        let key = crate::capability::always::clean(&key, 64);
        return Err(format!("handed over `{key}` in row {row}, which is none of its columns"));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options)
        .map_err(|error| format!("handed over rows that break their schema: {error}"))
}

/// The values of one column.
pub(super) fn array<'a>(
    field: &Field,
    values: impl Iterator<Item = Option<&'a Dynamic>> + Clone,
) -> Result<ArrayRef, String> {
    let wrong = |row: usize, value: &Dynamic| {
        let shown = crate::capability::always::clean(&value.to_string(), 80);
        let (name, kind) = (crate::capability::always::clean(field.name(), 64), type_name(field.data_type()));
        format!("handed over `{shown}` in row {} of column `{name}`, which is no {kind}", row + 1)
    };
    let present = |value: Option<&'a Dynamic>| value.filter(|value| !value.is_unit());
    match field.data_type() {
        DataType::Boolean => {
            let mut builder = BooleanBuilder::new();
            for (row, value) in values.enumerate() {
                match present(value) {
                    None => builder.append_null(),
                    Some(value) => builder.append_value(value.as_bool().map_err(|_| wrong(row, value))?),
                }
            }
            Ok(Arc::new(builder.finish()))
        }
        DataType::Int64 => {
            let mut builder = Int64Builder::new();
            for (row, value) in values.enumerate() {
                match present(value) {
                    None => builder.append_null(),
                    Some(value) => builder.append_value(value.as_int().map_err(|_| wrong(row, value))?),
                }
            }
            Ok(Arc::new(builder.finish()))
        }
        DataType::Float64 => {
            let mut builder = Float64Builder::new();
            for (row, value) in values.enumerate() {
                match present(value) {
                    None => builder.append_null(),
                    Some(value) => {
                        let number = value.as_float().or_else(|_| value.as_int().map(|number| number as f64));
                        builder.append_value(number.map_err(|_| wrong(row, value))?);
                    }
                }
            }
            Ok(Arc::new(builder.finish()))
        }
        DataType::Binary => {
            let mut builder = BinaryBuilder::new();
            for (row, value) in values.enumerate() {
                match present(value) {
                    None => builder.append_null(),
                    Some(value) if value.is_blob() => {
                        builder.append_value(&*value.read_lock::<Blob>().ok_or_else(|| wrong(row, value))?);
                    }
                    Some(value) => builder.append_value(words(value).ok_or_else(|| wrong(row, value))?.as_bytes()),
                }
            }
            Ok(Arc::new(builder.finish()))
        }
        other => {
            let mut builder = StringBuilder::new();
            for (row, value) in values.clone().enumerate() {
                match present(value) {
                    None => builder.append_null(),
                    Some(value) => builder.append_value(words(value).ok_or_else(|| wrong(row, value))?),
                }
            }
            let texts: ArrayRef = Arc::new(builder.finish());
            if *other == DataType::Utf8 {
                return Ok(texts);
            }
            let strict = CastOptions { safe: false, ..CastOptions::default() };
            cast_with_options(&texts, other, &strict).map_err(|error| {
                let one = |row: &usize| cast_with_options(&texts.slice(*row, 1), other, &strict).is_err();
                let row = (0..texts.len()).find(one).unwrap_or(0);
                let value = values.clone().nth(row).flatten();
                value.map_or_else(|| error.to_string(), |value| wrong(row, value))
            })
        }
    }
}

/// A value as text: texts, and numbers and truth values as they are written.
fn words(value: &Dynamic) -> Option<String> {
    if value.is_string() || value.is_int() || value.is_float() || value.is_bool() || value.is_char() {
        return Some(value.to_string());
    }
    None
}

/// What a script threw, as an error of the contract: a text, or a map of `kind`, `message` and more.
pub(super) fn error_of(thrown: &Dynamic) -> wit::Error {
    let plain = |message: String| crate::capability::refuse(wit::ErrorKind::Permanent, message);
    let Some(map) = thrown.read_lock::<Map>() else { return plain(thrown.to_string()) };
    let text = |key: &str| map.get(key).and_then(|it| it.clone().into_string().ok());
    let number = |key: &str| map.get(key).and_then(|it| it.as_int().ok()).and_then(|it| u64::try_from(it).ok());
    let kind = match text("kind").as_deref() {
        Some("config") => wit::ErrorKind::Config,
        Some("auth") => wit::ErrorKind::Auth,
        Some("denied") => wit::ErrorKind::Denied,
        Some("transient") => wit::ErrorKind::Transient,
        Some("data") => wit::ErrorKind::Data,
        _ => wit::ErrorKind::Permanent,
    };
    wit::Error {
        kind,
        message: text("message").unwrap_or_default(),
        field: text("field"),
        row: number("row").and_then(|row| u32::try_from(row).ok()),
        retry_after_ms: number("retry_after_ms"),
        details: Vec::new(),
    }
}
