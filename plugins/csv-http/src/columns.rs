//! Values as columns: text as it is, and the types a user names, strictly.

use crate::config::ColumnType;
use plugin_sdk::{Batch, ColumnBuilder};

/// A row of texts; none is a null.
pub(crate) type Row = Vec<Option<String>>;

/// Collects rows into the columns of one batch.
pub(crate) struct Columns {
    names: Vec<String>,
    types: Vec<ColumnType>,
    builders: Vec<ColumnBuilder>,
}

impl Columns {
    pub(crate) fn new(names: Vec<String>, types: Vec<ColumnType>) -> Self {
        let builders = empty(&types);
        Self { names, types, builders }
    }

    pub(crate) fn rows(&self) -> usize {
        self.builders.first().map_or(0, ColumnBuilder::rows)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.builders.iter().map(ColumnBuilder::bytes).sum()
    }

    /// Adds a row whole, or says which of its values does not convert and adds nothing.
    pub(crate) fn push(&mut self, row: &Row) -> Result<(), String> {
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
            }
        }
        Ok(())
    }

    /// The rows so far as a batch; the columns begin anew.
    pub(crate) fn take(&mut self) -> Batch {
        Batch::from_builders(std::mem::replace(&mut self.builders, empty(&self.types)))
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
        ColumnType::Int64 => text.parse().ok().map(Value::Integer),
        // `nan` and `inf` are words, not numbers that anybody wrote on purpose; too large a number is not infinity.
        ColumnType::Float64 => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number),
        ColumnType::Boolean => match text {
            "true" | "True" | "TRUE" | "t" | "1" => Some(Value::Truth(true)),
            "false" | "False" | "FALSE" | "f" | "0" => Some(Value::Truth(false)),
            _ => None,
        },
        ColumnType::Date32 => date(text).map(Value::Date),
    }
}

/// Days since 1970-01-01 of a date like `2024-02-29`.
fn date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    if !shape {
        return None;
    }
    let (year, month, day): (i32, i32, i32) =
        (text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i32::from(leap),
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970_and_impossible_ones_are_none() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-02-29", Some(11_016)),
            ("2024-12-31", Some(20_088)),
            ("1900-02-29", None),
            ("2023-04-31", None),
            ("2023-13-01", None),
            ("2023-1-01", None),
            ("+023-01-01", None),
            ("2023-01-01T", None),
            ("２023-1-1", None),
        ] {
            assert_eq!(date(text), expected, "{text}");
        }
    }

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
}
