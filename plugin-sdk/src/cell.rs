//! Reading columns of every type a sink may meet, one value at a time.
//!
//! A column's format is read once ([`CellReader::new`]); [`crate::ColumnView`] is the simpler way where a plugin knows
//! its types.

use crate::{Batch, Error, Field, Result, time};
use serde_json::Value;

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Nothing there.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond what `Int` holds.
    UInt(u64),
    /// A number.
    Float(f64),
    /// A decimal number: its digits and how many of them follow the point.
    Decimal(i128, i8),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Days since 1970-01-01.
    Date(i64),
    /// Nanoseconds since midnight.
    Time(i64),
    /// Nanoseconds since 1970, and whether they are counted in UTC; otherwise the zone is unknown.
    Moment(i128, bool),
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Null,
    Bool,
    /// Bytes of a number, and whether it has a sign.
    Int(usize, bool),
    Float32,
    Float64,
    Text,
    Bytes,
    Fixed(usize),
    Decimal(i8),
    Date32,
    Date64,
    /// Bytes of a number, and the nanoseconds in its unit.
    Time(usize, i64),
    Moment(i64, bool),
}

/// Reads the values of one column.
#[derive(Debug, Clone)]
pub struct CellReader {
    index: usize,
    kind: Kind,
}

impl CellReader {
    /// Readers of all columns.
    ///
    /// # Errors
    /// `config` where a column has a type that no reader knows: durations, intervals, half floats, 256-bit decimals.
    pub fn all(fields: &[Field]) -> Result<Vec<Self>> {
        fields.iter().enumerate().map(|(index, field)| Self::new(index, field)).collect()
    }

    /// A reader of the column at `index`, whose field is `field`.
    ///
    /// # Errors
    /// As for [`CellReader::all`].
    pub fn new(index: usize, field: &Field) -> Result<Self> {
        let unknown = || {
            let message =
                format!("column `{}` has a type that this plugin cannot write: `{}`", field.name, field.format);
            Error::new(crate::ErrorKind::Config, message)
        };
        Ok(Self { index, kind: kind_of(&field.format).ok_or_else(unknown)? })
    }

    /// The value in that row; null where there is none.
    #[must_use]
    pub fn cell<'a>(&self, batch: &'a Batch, row: usize) -> Cell<'a> {
        self.find(batch, row).unwrap_or(Cell::Null)
    }

    fn find<'a>(&self, batch: &'a Batch, row: usize) -> Option<Cell<'a>> {
        let column = batch.columns.get(self.index)?;
        let absent = !column.validity.is_empty() && !bit(&column.validity, row);
        if absent || row >= batch.rows as usize {
            return None;
        }
        let values = column.values.as_slice();
        let number = |width: usize, signed: bool| integer(values.get(row * width..(row + 1) * width)?, signed);
        let short = |width: usize| number(width, true).and_then(|it| i64::try_from(it).ok());
        let cut = || {
            let offset = |index: usize| {
                let bytes = column.offsets.get(index * 4..index * 4 + 4)?.try_into().ok()?;
                usize::try_from(i32::from_le_bytes(bytes)).ok()
            };
            values.get(offset(row)?..offset(row + 1)?)
        };
        Some(match self.kind {
            Kind::Null => return None,
            Kind::Bool => Cell::Bool(bit(values, row)),
            Kind::Int(width, signed) => {
                let number = number(width, signed)?;
                i64::try_from(number).map_or_else(|_| Cell::UInt(number as u64), Cell::Int)
            }
            Kind::Float32 => {
                let bytes = values.get(row * 4..row * 4 + 4)?.try_into().ok()?;
                // By way of its shortest text, so that 0.1 does not become 0.10000000149.
                Cell::Float(f32::from_le_bytes(bytes).to_string().parse().ok()?)
            }
            Kind::Float64 => Cell::Float(f64::from_le_bytes(values.get(row * 8..row * 8 + 8)?.try_into().ok()?)),
            Kind::Text => Cell::Text(std::str::from_utf8(cut()?).ok()?),
            Kind::Bytes => Cell::Bytes(cut()?),
            Kind::Fixed(width) => Cell::Bytes(values.get(row * width..(row + 1) * width)?),
            Kind::Decimal(scale) => Cell::Decimal(number(16, true)?, scale),
            Kind::Date32 => Cell::Date(short(4)?),
            Kind::Date64 => Cell::Date(short(8)?.div_euclid(86_400_000)),
            Kind::Time(width, unit) => Cell::Time(short(width)?.checked_mul(unit)?),
            Kind::Moment(unit, utc) => Cell::Moment(i128::from(short(8)?) * i128::from(unit), utc),
        })
    }
}

impl Cell<'_> {
    /// Whether nothing is there.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as text: numbers without loss, days and moments as ISO 8601 with `Z` where they are UTC, bytes in
    /// base64; none for a null.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(truth) => truth.to_string(),
            Self::Int(number) => number.to_string(),
            Self::UInt(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Decimal(digits, scale) => decimal_text(*digits, *scale),
            Self::Text(text) => (*text).to_owned(),
            Self::Bytes(bytes) => crate::sign::base64(bytes),
            Self::Date(days) => time::date_text(*days),
            Self::Time(nanos) => {
                let seconds = nanos / 1_000_000_000;
                let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
                clock + &fraction(i128::from(*nanos))
            }
            Self::Moment(nanos, utc) => {
                let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default();
                time::moment_text(seconds) + &fraction(*nanos) + if *utc { "Z" } else { "" }
            }
        })
    }

    /// The value as JSON: numbers where JSON can hold them without loss, else text.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::from(*truth),
            Self::Int(number) => Value::from(*number),
            Self::UInt(number) => Value::from(*number),
            Self::Float(number) if number.is_finite() => Value::from(*number),
            other => other.to_text().map_or(Value::Null, Value::from),
        }
    }
}

fn kind_of(format: &str) -> Option<Kind> {
    let nanos = |letter: &str| {
        Some(match letter {
            "s" => 1_000_000_000,
            "m" => 1_000_000,
            "u" => 1_000,
            "n" => 1,
            _ => return None,
        })
    };
    Some(match format {
        "n" => Kind::Null,
        "b" => Kind::Bool,
        "c" => Kind::Int(1, true),
        "C" => Kind::Int(1, false),
        "s" => Kind::Int(2, true),
        "S" => Kind::Int(2, false),
        "i" => Kind::Int(4, true),
        "I" => Kind::Int(4, false),
        "l" => Kind::Int(8, true),
        "L" => Kind::Int(8, false),
        "f" => Kind::Float32,
        "g" => Kind::Float64,
        "u" => Kind::Text,
        "z" => Kind::Bytes,
        "tdD" => Kind::Date32,
        "tdm" => Kind::Date64,
        "tts" | "ttm" => Kind::Time(4, nanos(&format[2..])?),
        "ttu" | "ttn" => Kind::Time(8, nanos(&format[2..])?),
        _ => {
            if let Some((letter, zone)) = format.strip_prefix("ts").and_then(|rest| rest.split_once(':')) {
                return Some(Kind::Moment(nanos(letter)?, !zone.is_empty()));
            }
            if let Some(width) = format.strip_prefix("w:") {
                return Some(Kind::Fixed(width.parse().ok()?));
            }
            let mut parts = format.strip_prefix("d:")?.split(',').skip(1);
            let scale = parts.next()?.parse().ok()?;
            return matches!(parts.next(), None | Some("128")).then_some(Kind::Decimal(scale));
        }
    })
}

fn integer(bytes: &[u8], signed: bool) -> Option<i128> {
    let negative = signed && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i128::from_le_bytes(wide))
}

fn decimal_text(digits: i128, scale: i8) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let digits = digits.unsigned_abs().to_string();
    let Ok(scale) = usize::try_from(scale) else {
        let zeros = if digits == "0" { 0 } else { usize::from(scale.unsigned_abs()) };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    };
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// The part of a second, as short as it can be told: `.5`.
fn fraction(nanos: i128) -> String {
    match nanos.rem_euclid(1_000_000_000) {
        0 => String::new(),
        rest => format!(".{rest:09}").trim_end_matches('0').to_owned(),
    }
}

fn bit(bits: &[u8], index: usize) -> bool {
    bits.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Column;

    fn check(format: &str, values: &[u8], expected: Option<&str>) {
        let field = Field { name: "a".into(), format: format.into(), nullable: true, metadata: Vec::new() };
        let column = Column { validity: Vec::new(), offsets: Vec::new(), values: values.to_vec() };
        let batch = Batch { rows: 1, columns: vec![column] };
        let reader = CellReader::new(0, &field).expect(format);
        assert_eq!(reader.cell(&batch, 0).to_text().as_deref(), expected, "{format}");
        assert!(reader.cell(&batch, 1).is_null(), "{format}");
    }

    #[test]
    fn every_type_is_told_as_text_without_loss() {
        check("n", &[], None);
        check("b", &[1], Some("true"));
        check("c", &[0xff], Some("-1"));
        check("C", &[0xff], Some("255"));
        check("s", &(-300_i16).to_le_bytes(), Some("-300"));
        check("I", &u32::MAX.to_le_bytes(), Some("4294967295"));
        check("l", &i64::MIN.to_le_bytes(), Some("-9223372036854775808"));
        check("L", &u64::MAX.to_le_bytes(), Some("18446744073709551615"));
        check("f", &0.1_f32.to_le_bytes(), Some("0.1"));
        check("g", &0.1_f64.to_le_bytes(), Some("0.1"));
        check("w:3", &[1, 2, 3], Some("AQID"));
        check("d:10,2", &(-5_i128).to_le_bytes(), Some("-0.05"));
        check("d:38,0", &i128::from(u64::MAX).to_le_bytes(), Some("18446744073709551615"));
        check("d:5,-2", &12_i128.to_le_bytes(), Some("1200"));
        check("tdD", &19_724_i32.to_le_bytes(), Some("2024-01-02"));
        check("tdm", &(-1_i64).to_le_bytes(), Some("1969-12-31"));
        check("tts", &34_260_i32.to_le_bytes(), Some("09:31:00"));
        check("ttu", &1_500_000_i64.to_le_bytes(), Some("00:00:01.5"));
        check("tsu:UTC", &1_704_187_860_500_000_i64.to_le_bytes(), Some("2024-01-02T09:31:00.5Z"));
        check("tsn:", &(-1_i64).to_le_bytes(), Some("1969-12-31T23:59:59.999999999"));
    }

    #[test]
    fn a_type_that_cannot_be_read_names_its_column() {
        for format in ["e", "tDs", "tin", "d:50,2,256", "tsx:", "+l"] {
            let field = Field { name: "odd".into(), format: format.into(), nullable: true, metadata: Vec::new() };
            let error = CellReader::new(0, &field).expect_err(format);
            assert!(error.message.contains("`odd`"), "{error}");
        }
    }
}
