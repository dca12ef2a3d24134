//! One column under construction, filled straight from bytes, that can take back the last row.
//!
//! Arrow's own builders cannot: a row that proves unreadable in its fifth column must leave no trace in the first four.

use super::kind::ColumnType;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use chrono::{NaiveDate, NaiveDateTime};
use std::sync::Arc;

/// A value did not fit its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    Type,
    Encoding,
}

#[derive(Debug)]
enum Values {
    Boolean(Vec<bool>),
    Int64(Vec<i64>),
    Float64(Vec<f64>),
    Decimal(Vec<i128>, u8, i8),
    Date(Vec<i32>, Option<String>),
    Timestamp(Vec<i64>, Option<String>),
    TimestampUtc(Vec<i64>),
    Utf8 { bytes: Vec<u8>, ends: Vec<i32> },
}

/// A column under construction.
#[derive(Debug)]
pub(crate) struct Column {
    values: Values,
    valid: Vec<bool>,
    nulls: usize,
}

impl Column {
    pub(crate) fn new(kind: &ColumnType) -> Self {
        let values = match kind {
            ColumnType::Boolean => Values::Boolean(Vec::new()),
            ColumnType::Int64 => Values::Int64(Vec::new()),
            ColumnType::Float64 => Values::Float64(Vec::new()),
            ColumnType::Decimal(digits, scale) => Values::Decimal(Vec::new(), *digits, *scale),
            ColumnType::Date(format) => Values::Date(Vec::new(), format.clone()),
            ColumnType::Timestamp(format) => Values::Timestamp(Vec::new(), format.clone()),
            ColumnType::TimestampUtc => Values::TimestampUtc(Vec::new()),
            ColumnType::Utf8 => Values::Utf8 { bytes: Vec::new(), ends: vec![0] },
        };
        Self { values, valid: Vec::new(), nulls: 0 }
    }

    /// Adds the value written as `text`.
    #[inline]
    pub(crate) fn push(&mut self, text: &[u8]) -> Result<(), Unfit> {
        match &mut self.values {
            Values::Int64(values) => values.push(parse_int(text).ok_or(Unfit::Type)?),
            Values::Float64(values) => values.push(parse_float(text).ok_or(Unfit::Type)?),
            Values::Utf8 { bytes, ends } => {
                std::str::from_utf8(text).map_err(|_| Unfit::Encoding)?;
                bytes.extend_from_slice(text);
                ends.push(i32::try_from(bytes.len()).map_err(|_| Unfit::Type)?);
            }
            Values::Boolean(values) => values.push(parse_boolean(text).ok_or(Unfit::Type)?),
            Values::Decimal(values, digits, scale) => {
                values.push(parse_decimal(text, *digits, *scale).ok_or(Unfit::Type)?);
            }
            Values::Date(values, format) => values.push(
                match format {
                    None => parse_date(text),
                    Some(format) => parse_date_as(text, format),
                }
                .ok_or(Unfit::Type)?,
            ),
            Values::Timestamp(values, format) => values.push(
                match format {
                    None => parse_timestamp(text).and_then(|(at, offset)| offset.is_none().then_some(at)),
                    Some(format) => parse_timestamp_as(text, format),
                }
                .or_else(|| parse_date(text).map(|days| i64::from(days) * 86_400_000_000))
                .ok_or(Unfit::Type)?,
            ),
            Values::TimestampUtc(values) => {
                let (at, offset) = parse_timestamp(text).ok_or(Unfit::Type)?;
                values.push(at - offset.ok_or(Unfit::Type)? * 1_000_000);
            }
        }
        self.valid.push(true);
        Ok(())
    }

    /// Adds a NULL.
    pub(crate) fn push_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.push(false),
            Values::Int64(values) | Values::Timestamp(values, _) | Values::TimestampUtc(values) => values.push(0),
            Values::Float64(values) => values.push(0.0),
            Values::Decimal(values, ..) => values.push(0),
            Values::Date(values, _) => values.push(0),
            Values::Utf8 { ends, .. } => ends.push(*ends.last().expect("ends begins with 0")),
        }
        self.valid.push(false);
        self.nulls += 1;
    }

    /// Takes back everything past the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match &mut self.values {
            Values::Boolean(values) => values.truncate(rows),
            Values::Int64(values) | Values::Timestamp(values, _) | Values::TimestampUtc(values) => {
                values.truncate(rows)
            }
            Values::Float64(values) => values.truncate(rows),
            Values::Decimal(values, ..) => values.truncate(rows),
            Values::Date(values, _) => values.truncate(rows),
            Values::Utf8 { bytes, ends } => {
                ends.truncate(rows + 1);
                bytes.truncate(usize::try_from(*ends.last().expect("ends begins with 0")).unwrap_or(0));
            }
        }
        if rows < self.valid.len() {
            self.nulls -= self.valid[rows..].iter().filter(|valid| !**valid).count();
            self.valid.truncate(rows);
        }
    }

    /// The finished array; the column is empty afterwards.
    pub(crate) fn take(&mut self) -> ArrayRef {
        let valid = std::mem::take(&mut self.valid);
        let nulls = (self.nulls > 0).then(|| NullBuffer::from(valid));
        self.nulls = 0;
        match &mut self.values {
            Values::Boolean(values) => Arc::new(BooleanArray::new(std::mem::take(values).into(), nulls)),
            Values::Int64(values) => Arc::new(Int64Array::new(std::mem::take(values).into(), nulls)),
            Values::Float64(values) => Arc::new(Float64Array::new(std::mem::take(values).into(), nulls)),
            Values::Decimal(values, digits, scale) => Arc::new(
                Decimal128Array::new(std::mem::take(values).into(), nulls)
                    .with_precision_and_scale(*digits, *scale)
                    .expect("digits and scale were checked when the type was read"),
            ),
            Values::Date(values, _) => Arc::new(Date32Array::new(std::mem::take(values).into(), nulls)),
            Values::Timestamp(values, _) => {
                Arc::new(TimestampMicrosecondArray::new(std::mem::take(values).into(), nulls))
            }
            Values::TimestampUtc(values) => {
                Arc::new(TimestampMicrosecondArray::new(std::mem::take(values).into(), nulls).with_timezone("UTC"))
            }
            Values::Utf8 { bytes, ends } => {
                let ends = OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(ends, vec![0])));
                Arc::new(StringArray::new(ends, std::mem::take(bytes).into(), nulls))
            }
        }
    }
}

fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

fn text_of(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

#[inline]
fn parse_int(text: &[u8]) -> Option<i64> {
    // The usual case without std's checks: at most 18 digits cannot overflow.
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    if !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit) {
        let value = digits.iter().fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
        return Some(if negative { -value } else { value });
    }
    text_of(trim(text))?.parse().ok()
}

#[inline]
fn parse_float(text: &[u8]) -> Option<f64> {
    let text = trim(text);
    // Rust also reads `inf` and `nan`; a file that means them says so under `nulls` or stays text.
    if !text.last()?.is_ascii_digit() && *text.last()? != b'.' {
        return None;
    }
    text_of(text)?.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn parse_boolean(text: &[u8]) -> Option<bool> {
    let text = trim(text);
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
    if is(&["true", "t", "yes", "y", "1"]) {
        Some(true)
    } else if is(&["false", "f", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// Reads a plain decimal that needs no rounding to fit.
fn parse_decimal(text: &[u8], digits: u8, scale: i8) -> Option<i128> {
    let text = trim(text);
    let (negative, body) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let point = body.iter().position(|b| *b == b'.').unwrap_or(body.len());
    let whole = &body[..point];
    let fraction = body.get(point + 1..).unwrap_or_default();
    let fraction = &fraction[..fraction.len() - fraction.iter().rev().take_while(|b| **b == b'0').count()];
    let scale = usize::try_from(scale).ok()?;
    if (whole.is_empty() && fraction.is_empty() && body != b"0.") || fraction.len() > scale {
        return None;
    }
    let mut value: i128 = 0;
    for digit in whole.iter().chain(fraction) {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    for _ in fraction.len()..scale {
        value = value.checked_mul(10)?;
    }
    if value >= 10_i128.pow(u32::from(digits)) {
        return None;
    }
    Some(if negative { -value } else { value })
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
}

const EPOCH_DAYS_FROM_CE: i32 = 719_163;

fn days(date: NaiveDate) -> i32 {
    use chrono::Datelike;
    date.num_days_from_ce() - EPOCH_DAYS_FROM_CE
}

/// Days since 1970 of `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &[u8]) -> Option<i32> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
    let year = number(&[y1, y2, y3, y4])?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(&[m1, m2])?, number(&[d1, d2])?)?;
    Some(days(date))
}

/// Microseconds since 1970 of `YYYY-MM-DD[T ]HH:MM[:SS[.f]]` as written, and its offset from UTC in seconds if it has one.
pub(crate) fn parse_timestamp(text: &[u8]) -> Option<(i64, Option<i64>)> {
    let day = parse_date(text.get(..10)?)?;
    let rest = &text[10..];
    let (separator, clock) = rest.split_first()?;
    if !matches!(separator, b'T' | b' ') || clock.len() < 5 || clock[2] != b':' {
        return None;
    }
    let (hour, minute) = (number(&clock[..2])?, number(&clock[3..5])?);
    let mut rest = &clock[5..];
    let mut second = 0;
    let mut micros = 0;
    if let Some(after) = rest.strip_prefix(b":") {
        second = number(after.get(..2)?)?;
        rest = &after[2..];
        if let Some(after) = rest.strip_prefix(b".") {
            let length = after.iter().take_while(|b| b.is_ascii_digit()).count();
            if length == 0 || length > 6 {
                return None;
            }
            micros = number(&after[..length])? * 10_u32.pow(6 - u32::try_from(length).ok()?);
            rest = &after[length..];
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = match *rest {
        [] => None,
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
            if hours > 15 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours * 3600 + minutes * 60);
            Some(if sign == b'-' { -seconds } else { seconds })
        }
        _ => return None,
    };
    let seconds = i64::from(day) * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    Some((seconds * 1_000_000 + i64::from(micros), offset))
}

fn parse_date_as(text: &[u8], format: &str) -> Option<i32> {
    NaiveDate::parse_from_str(text_of(trim(text))?, format).ok().map(days)
}

fn parse_timestamp_as(text: &[u8], format: &str) -> Option<i64> {
    let at = NaiveDateTime::parse_from_str(text_of(trim(text))?, format).ok()?;
    Some(at.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::util::display::array_value_to_string;

    fn check(kind: &str, text: &str, expected: Option<&str>) {
        let mut column = Column::new(&ColumnType::parse(kind).unwrap());
        let shown = column.push(text.as_bytes()).ok().map(|()| {
            let array = column.take();
            array_value_to_string(&array, 0).unwrap()
        });
        assert_eq!(shown.as_deref(), expected, "{kind} {text:?}");
    }

    #[test]
    fn a_named_type_reads_what_is_of_it_and_nothing_else() {
        check("int64", "007", Some("7"));
        check("int64", " +12 ", Some("12"));
        check("int64", "-9223372036854775808", Some("-9223372036854775808"));
        check("int64", "9223372036854775808", None);
        check("int64", "1.0", None);
        check("int64", "", None);
        check("float64", "1e5", Some("100000.0"));
        check("float64", "nan", None);
        check("float64", "infinity", None);
        check("float64", "1e999", None);
        check("boolean", "Yes", Some("true"));
        check("boolean", "2", None);
        check("decimal(6,2)", "-1234.5", Some("-1234.50"));
        check("decimal(6,2)", "1.2300", Some("1.23"));
        check("decimal(6,2)", "1.234", None);
        check("decimal(6,2)", "12345", None);
        check("decimal(6,2)", ".", None);
        check("date", "2024-02-30", None);
        check("date", "0001-01-01", Some("0001-01-01"));
        check("date(%b %d %Y)", "Jan 1 2000", Some("2000-01-01"));
        check("timestamp", "2024-01-02 03:04", Some("2024-01-02T03:04:00"));
        check("timestamp", "2024-01-02", Some("2024-01-02T00:00:00"));
        check("timestamp", "2024-01-02T03:04:05Z", None);
        check("timestamp", "2024-01-02T24:00:00", None);
        check("timestamp_utc", "2024-01-02T03:04:05.5+08:00", Some("2024-01-01T19:04:05.500Z"));
        check("utf8", "Zoë", Some("Zoë"));
    }

    #[test]
    fn a_row_taken_back_leaves_no_trace() {
        for kind in ["int64", "utf8", "boolean", "float64", "date", "timestamp", "timestamp_utc", "decimal(5,1)"] {
            let mut column = Column::new(&ColumnType::parse(kind).unwrap());
            column.push_null();
            column.push_null();
            column.truncate(1);
            column.push_null();
            column.truncate(1);
            let array = column.take();
            assert_eq!((array.len(), array.null_count()), (1, 1), "{kind}");
        }
    }
}
