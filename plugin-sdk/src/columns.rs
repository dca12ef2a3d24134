//! Rows of texts as typed columns: text as it is, and the types a user names, strictly.

use crate::{Batch, ColumnBuilder, DataType, Field, Schema};
use serde::Deserialize;

/// A row of texts; none is a null.
pub type Row = Vec<Option<String>>;

/// Types a column may be given in settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text.
    Utf8,
    /// 64-bit integers.
    Int64,
    /// 64-bit floating point numbers.
    Float64,
    /// True or false.
    Boolean,
    /// Days: `2024-02-29`, also `20240229` and the day of a moment at midnight.
    Date32,
    /// Moments, in UTC where they name no zone.
    Timestamp,
}

impl ColumnType {
    /// The type as batches know it.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Utf8 => DataType::Utf8,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Date32 => DataType::Date32,
            Self::Timestamp => DataType::TimestampMicros,
        }
    }

    /// The word in settings and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Int64 => "int64",
            Self::Float64 => "float64",
            Self::Boolean => "boolean",
            Self::Date32 => "date32",
            Self::Timestamp => "timestamp",
        }
    }
}

/// Collects rows into the columns of one batch.
pub struct Columns {
    names: Vec<String>,
    types: Vec<ColumnType>,
    builders: Vec<ColumnBuilder>,
}

impl Columns {
    /// Columns of these names and types, as many of one as of the other.
    #[must_use]
    pub fn new(names: Vec<String>, types: Vec<ColumnType>) -> Self {
        let builders = empty(&types);
        Self { names, types, builders }
    }

    /// Names and types for the reader's `columns`.
    #[must_use]
    pub fn schema(&self) -> Schema {
        let fields = self.names.iter().zip(&self.types).map(|(name, it)| Field::new(name.as_str(), it.data_type()));
        Schema::new(fields.collect())
    }

    /// How many rows it holds.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.builders.first().map_or(0, ColumnBuilder::rows)
    }

    /// How many bytes the values take so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.builders.iter().map(ColumnBuilder::bytes).sum()
    }

    /// Adds a row whole, or says which of its values does not convert and adds nothing.
    ///
    /// # Errors
    /// A sentence that names column and value.
    pub fn push(&mut self, row: &Row) -> Result<(), String> {
        let mut values = Vec::with_capacity(row.len());
        for ((text, column_type), name) in row.iter().zip(&self.types).zip(&self.names) {
            let value = convert(text.as_deref(), *column_type).ok_or_else(|| {
                let shown: String = text.as_deref().unwrap_or("").chars().take(100).collect();
                format!("column `{name}`: `{shown}` is no {}", column_type.as_str())
            })?;
            values.push(value);
        }
        for (builder, value) in self.builders.iter_mut().zip(values) {
            match value {
                Value::Null => builder.push_null(),
                Value::Text(text) => builder.push_str(text),
                Value::Integer(number) => builder.push_i64(number),
                Value::Number(number) => builder.push_f64(number),
                Value::Truth(truth) => builder.push_bool(truth),
                Value::Date(days) => builder.push_date(days),
                Value::Moment(micros) => builder.push_timestamp(micros),
            }
        }
        Ok(())
    }

    /// The rows so far as a batch; the columns begin anew.
    pub fn take(&mut self) -> Batch {
        Batch::from_builders(std::mem::replace(&mut self.builders, empty(&self.types)))
    }
}

/// A JSON value as a row's text: strings as they are, numbers as written, nested values as JSON.
#[must_use]
pub fn text_of_json(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn empty(types: &[ColumnType]) -> Vec<ColumnBuilder> {
    types.iter().map(|column_type| ColumnBuilder::new(column_type.data_type())).collect()
}

enum Value<'a> {
    Null,
    Text(&'a str),
    Integer(i64),
    Number(f64),
    Truth(bool),
    Date(i32),
    Moment(i64),
}

/// An empty text is a null for every type but text; `None` when it does not convert.
fn convert(text: Option<&str>, column_type: ColumnType) -> Option<Value<'_>> {
    let Some(text) = text else { return Some(Value::Null) };
    if column_type == ColumnType::Utf8 {
        return Some(Value::Text(text));
    }
    let text = text.trim();
    if text.is_empty() {
        return Some(Value::Null);
    }
    match column_type {
        ColumnType::Utf8 => Some(Value::Text(text)),
        ColumnType::Int64 => integer(text).map(Value::Integer),
        // `nan` and `inf` are words, not numbers that anybody wrote on purpose; too large a number is not infinity.
        ColumnType::Float64 => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number),
        ColumnType::Boolean => match text {
            "true" | "True" | "TRUE" | "t" | "1" => Some(Value::Truth(true)),
            "false" | "False" | "FALSE" | "f" | "0" => Some(Value::Truth(false)),
            _ => None,
        },
        ColumnType::Date32 => date(text).map(Value::Date),
        ColumnType::Timestamp => crate::time::parse_timestamp(text).map(Value::Moment),
    }
}

/// Whole numbers; `235500.0`, as some services write them, is one.
fn integer(text: &str) -> Option<i64> {
    let whole = text.split_once('.').filter(|(_, rest)| !rest.is_empty() && rest.bytes().all(|it| it == b'0'));
    whole.map_or(text, |(whole, _)| whole).parse().ok()
}

/// A day, or a moment at midnight, which is how JSON tables often write a day.
fn date(text: &str) -> Option<i32> {
    let day = text.get(..10).filter(|_| {
        let rest = text.get(10..).unwrap_or_default();
        rest.strip_prefix(['T', ' ']).is_some_and(|time| {
            time.starts_with("00:00:00")
                && time[8..].trim_start_matches('.').bytes().all(|it| matches!(it, b'0' | b'Z'))
        })
    });
    crate::time::parse_date(day.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_does_not_convert_names_column_and_value_and_adds_nothing() {
        let mut columns = Columns::new(vec!["name".into(), "size".into()], vec![ColumnType::Utf8, ColumnType::Float64]);
        assert_eq!(
            columns.push(&vec![Some("a".into()), Some("1e400".into())]),
            Err("column `size`: `1e400` is no float64".into())
        );
        assert_eq!(columns.push(&vec![Some("a".into()), Some(" 1.5 ".into())]), Ok(()));
        assert_eq!(columns.push(&vec![None, Some(String::new())]), Ok(()));
        assert_eq!(columns.rows(), 2);
    }

    #[test]
    fn whole_numbers_and_days_are_known_in_the_forms_services_write() {
        for (text, expected) in
            [("7", Some(7)), ("235500.0", Some(235_500)), ("1.5", None), ("1.", None), ("1e3", None)]
        {
            assert_eq!(integer(text), expected, "{text}");
        }
        for (text, expected) in [
            ("2024-01-02", Some(19_724)),
            ("20240102", Some(19_724)),
            ("2024-01-02T00:00:00.000", Some(19_724)),
            ("2024-01-02T00:00:00Z", Some(19_724)),
            ("2024-01-02T09:30:00", None),
            ("2024-01-02T", None),
            ("", None),
        ] {
            assert_eq!(date(text), expected, "{text}");
        }
    }
}
