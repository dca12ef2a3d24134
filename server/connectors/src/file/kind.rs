//! Column types, and how the narrowest type that loses nothing is chosen from the texts of a column.
//!
//! A text may become a number only where the number gives the text back: `007`, `+1`, `1e5`, integers past 64 bits and
//! decimals past what a double holds stay text. Trailing zeros are given back where all fractions of the column
//! have one length (`1.50`, `2.25`), or the fraction is a lone `0` (`3.0`).

use super::column::{parse_date, parse_timestamp};
use arrow::datatypes::{DataType, TimeUnit};
use data::{Error, Result};
use model::ErrorCode;
use std::sync::Arc;

/// How many rows are looked at to choose types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Infer {
    /// All rows of files smaller than 256 MB, else the first million.
    #[default]
    Auto,
    /// All rows.
    Full,
    /// So many rows; a later value that does not fit is rejected.
    Rows(u64),
}

impl Infer {
    pub(crate) fn limit(self, size: u64) -> u64 {
        match self {
            Self::Auto if size < 256 << 20 => u64::MAX,
            Self::Auto => 1_000_000,
            Self::Full => u64::MAX,
            Self::Rows(rows) => rows.max(1),
        }
    }
}

/// The type a column is read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// `true` or `false`.
    Boolean,
    /// 64-bit signed integer.
    Int64,
    /// Double.
    Float64,
    /// Exact decimal of so many digits, so many of them after the point.
    Decimal(u8, i8),
    /// Day; the format in the words of `strftime` where it is not ISO.
    Date(Option<String>),
    /// Moment without zone, microseconds; the format where it is not ISO.
    Timestamp(Option<String>),
    /// Instant in UTC, microseconds; texts carry `Z` or an offset.
    TimestampUtc,
    /// Text.
    Utf8,
}

impl ColumnType {
    /// Reads a type as written in settings: `int64`, `decimal(18,4)`, `date(%b %d %Y)`.
    ///
    /// # Errors
    /// `invalid_value` naming the text.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = || {
            Error::permanent(ErrorCode::InvalidValue, format!("`{text}` is not a column type")).hint(
                "Use boolean, int64, float64, decimal(p,s), date, date(%b %d %Y), timestamp, timestamp_utc or utf8.",
            )
        };
        let text = text.trim();
        let (word, argument) = match text.split_once('(') {
            Some((word, rest)) => (word.trim(), Some(rest.strip_suffix(')').ok_or_else(refuse)?)),
            None => (text, None),
        };
        let format = |argument: Option<&str>| -> Result<Option<String>> {
            use chrono::format::{Item, StrftimeItems};
            match argument {
                Some(f) if f.is_empty() || StrftimeItems::new(f).any(|item| item == Item::Error) => Err(refuse()),
                other => Ok(other.map(str::to_owned)),
            }
        };
        let kind = match word.to_ascii_lowercase().as_str() {
            "date" => return Ok(Self::Date(format(argument)?)),
            "timestamp" | "datetime" => return Ok(Self::Timestamp(format(argument)?)),
            "decimal" | "numeric" => {
                let (digits, scale) = argument.and_then(|a| a.split_once(',')).ok_or_else(refuse)?;
                let digits: u8 = digits.trim().parse().map_err(|_| refuse())?;
                let scale: i8 = scale.trim().parse().map_err(|_| refuse())?;
                if digits == 0 || digits > 38 || scale < 0 || scale.unsigned_abs() > digits {
                    return Err(refuse());
                }
                return Ok(Self::Decimal(digits, scale));
            }
            "boolean" | "bool" => Self::Boolean,
            "int64" | "int" | "integer" | "bigint" => Self::Int64,
            "float64" | "float" | "double" | "number" => Self::Float64,
            "timestamp_utc" | "timestamptz" => Self::TimestampUtc,
            "utf8" | "text" | "string" => Self::Utf8,
            _ => return Err(refuse()),
        };
        if argument.is_some() { Err(refuse()) } else { Ok(kind) }
    }

    /// The Arrow type.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Decimal(digits, scale) => DataType::Decimal128(*digits, *scale),
            Self::Date(_) => DataType::Date32,
            Self::Timestamp(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampUtc => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
            Self::Utf8 => DataType::Utf8,
        }
    }

    /// The word in settings and errors.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Boolean => "boolean".into(),
            Self::Int64 => "int64".into(),
            Self::Float64 => "float64".into(),
            Self::Decimal(digits, scale) => format!("decimal({digits},{scale})"),
            Self::Date(None) => "date".into(),
            Self::Date(Some(format)) => format!("date({format})"),
            Self::Timestamp(None) => "timestamp".into(),
            Self::Timestamp(Some(format)) => format!("timestamp({format})"),
            Self::TimestampUtc => "timestamp_utc".into(),
            Self::Utf8 => "utf8".into(),
        }
    }
}

/// What the texts of one CSV column have been so far: which types every one of them could be.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    values: u64,
    could: u8,
    /// Length of all fractions that end in a zero or have been longer; `None` until one is seen.
    scale: Option<usize>,
    uneven: bool,
    trailing_zero: bool,
}

const LOWER: u8 = 1; // true false
const TITLE: u8 = 2; // True False
const UPPER: u8 = 4; // TRUE FALSE
const INT: u8 = 8;
const FLOAT: u8 = 16;
const DATE: u8 = 32;
const TIMESTAMP: u8 = 64;
const UTC: u8 = 128;

impl Evidence {
    pub(crate) fn new() -> Self {
        Self { values: 0, could: u8::MAX, scale: None, uneven: false, trailing_zero: false }
    }

    /// Takes note of one text that is not NULL.
    pub(crate) fn see(&mut self, text: &[u8]) {
        self.values += 1;
        if self.could == 0 {
            return;
        }
        let first = text.first().copied().unwrap_or(0);
        let kinds = match first {
            b'-' | b'0'..=b'9' => {
                let mut kinds = 0;
                if self.could & (INT | FLOAT) != 0 {
                    kinds |= self.number(text);
                }
                if self.could & (DATE | TIMESTAMP | UTC) != 0 && first != b'-' {
                    kinds |= moment(text);
                }
                kinds
            }
            b't' | b'f' if text == b"true" || text == b"false" => LOWER,
            b'T' | b'F' if text == b"True" || text == b"False" => TITLE,
            b'T' | b'F' if text == b"TRUE" || text == b"FALSE" => UPPER,
            _ => 0,
        };
        self.could &= kinds;
    }

    fn number(&mut self, text: &[u8]) -> u8 {
        let Some(number) = PlainNumber::read(text) else { return 0 };
        let mut kinds = 0;
        if number.fraction == 0 {
            // `-0` would come back as `0`.
            if text != b"-0"
                && (number.digits < 19 || std::str::from_utf8(text).is_ok_and(|t| t.parse::<i64>().is_ok()))
            {
                kinds |= INT;
            }
        } else {
            match self.scale {
                None => self.scale = Some(number.fraction),
                Some(scale) if scale != number.fraction => self.uneven = true,
                Some(_) => {}
            }
            self.trailing_zero |= number.trailing_zero;
        }
        if number.significant <= 15 || gives_back(text) {
            kinds |= FLOAT;
        }
        kinds
    }

    /// The narrowest type that loses nothing.
    pub(crate) fn choose(&self) -> ColumnType {
        let could = |kind: u8| self.could & kind != 0;
        if self.values == 0 {
            ColumnType::Utf8
        } else if could(LOWER | TITLE | UPPER) {
            ColumnType::Boolean
        } else if could(INT) {
            ColumnType::Int64
        } else if could(FLOAT) && !(self.uneven && self.trailing_zero) {
            ColumnType::Float64
        } else if could(DATE) {
            ColumnType::Date(None)
        } else if could(TIMESTAMP) {
            ColumnType::Timestamp(None)
        } else if could(UTC) {
            ColumnType::TimestampUtc
        } else {
            ColumnType::Utf8
        }
    }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, counted.
struct PlainNumber {
    digits: usize,
    fraction: usize,
    significant: usize,
    trailing_zero: bool,
}

impl PlainNumber {
    fn read(text: &[u8]) -> Option<Self> {
        let body = text.strip_prefix(b"-").unwrap_or(text);
        let digits = body.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 || (digits > 1 && body[0] == b'0') {
            return None;
        }
        let rest = &body[digits..];
        if rest.is_empty() {
            return Some(Self { digits, fraction: 0, significant: digits, trailing_zero: false });
        }
        let fraction = &rest[1..];
        if rest[0] != b'.' || fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let kept = fraction.len() - fraction.iter().rev().take_while(|b| **b == b'0').count();
        let leading = if body[0] == b'0' { fraction.iter().take_while(|b| **b == b'0').count().min(kept) } else { 0 };
        let whole = if body[0] == b'0' { 0 } else { digits };
        Some(Self {
            digits,
            fraction: fraction.len(),
            significant: whole + kept - leading,
            trailing_zero: fraction.len() > 1 && kept < fraction.len(),
        })
    }
}

/// Whether a double made of `text` prints as `text`.
fn gives_back(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|t| t.parse::<f64>().is_ok_and(|v| v.is_finite() && v.to_string() == t))
}

fn moment(text: &[u8]) -> u8 {
    if text.len() == 10 {
        return if parse_date(text).is_some() { DATE } else { 0 };
    }
    match parse_timestamp(text) {
        // An offset other than UTC would be forgotten.
        Some((_, Some(0))) => UTC,
        Some((_, Some(_))) | None => 0,
        Some((_, None)) => TIMESTAMP,
    }
}

/// What the values of one JSON column have been so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct JsonEvidence {
    pub(crate) booleans: bool,
    pub(crate) strings: bool,
    pub(crate) nested: bool,
    integers: bool,
    floats: bool,
    /// A number that neither 64 bits nor a double hold.
    wide: bool,
    /// An integer that a double does not hold.
    long: bool,
}

impl JsonEvidence {
    /// Takes note of a number as written.
    pub(crate) fn number(&mut self, text: &str) {
        let exact = || {
            let digits = text.split(['e', 'E']).next().unwrap_or(text);
            let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
            let value = text.parse::<f64>().unwrap_or(f64::INFINITY);
            let significant = digits.trim_start_matches('0').trim_end_matches('0').len();
            // Near the ends of the range a double loses digits or all of the value.
            let ordinary = value == 0.0 && significant == 0 || (1e-290..1e290).contains(&value.abs());
            (significant <= 15 && ordinary) || gives_back(text.as_bytes())
        };
        if text != "-0" && text.bytes().all(|b| b == b'-' || b.is_ascii_digit()) && text.parse::<i64>().is_ok() {
            self.integers = true;
            self.long |= text.len() > 15 && !exact();
        } else {
            self.floats = true;
            self.wide |= !exact();
        }
    }

    pub(crate) fn choose(&self) -> ColumnType {
        let numbers = self.integers || self.floats;
        match (self.booleans, numbers, self.strings || self.nested) {
            (true, false, false) => ColumnType::Boolean,
            (false, true, false) if self.wide => ColumnType::Utf8,
            (false, true, false) if !self.floats => ColumnType::Int64,
            (false, true, false) if !self.long => ColumnType::Float64,
            _ => ColumnType::Utf8,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(texts: &[&str], expected: &str) {
        let mut evidence = Evidence::new();
        for text in texts {
            evidence.see(text.as_bytes());
        }
        assert_eq!(evidence.choose().word(), expected, "{texts:?}");
    }

    #[test]
    fn the_narrowest_type_that_gives_the_texts_back_is_chosen() {
        check(&[], "utf8");
        check(&["true", "false"], "boolean");
        check(&["True", "False"], "boolean");
        check(&["true", "False"], "utf8");
        check(&["0", "1", "-17"], "int64");
        check(&["9223372036854775807"], "int64");
        check(&["9223372036854775808"], "utf8");
        check(&["1", "2.5"], "float64");
        check(&["1469.250000", "1478.000000"], "float64");
        check(&["12.50", "13"], "float64");
        check(&["3.0", "2.25"], "float64");
        check(&["0.30000000000000004"], "float64");
        check(&["9007199254740993", "0.5"], "utf8");
        check(&["31.95376472", "-89.23450472"], "float64");
    }

    #[test]
    fn what_a_number_would_change_stays_text() {
        check(&["007"], "utf8");
        check(&["+1"], "utf8");
        check(&["1e5"], "utf8");
        check(&["-0"], "float64");
        check(&["1.9", "1.10"], "utf8");
        check(&["3.14159265358979323846"], "utf8");
        check(&["1", "x"], "utf8");
        check(&["1 "], "utf8");
        check(&[".5"], "utf8");
        check(&["1."], "utf8");
        check(&["NaN"], "utf8");
        check(&["1", ""], "utf8");
        check(&["true", "1"], "utf8");
    }

    #[test]
    fn days_and_moments_are_known_by_their_iso_form() {
        check(&["2024-02-29", "1999-12-31"], "date");
        check(&["2023-02-29"], "utf8");
        check(&["2024-01-02 03:04:05", "2024-01-02T03:04:05.123456"], "timestamp");
        check(&["2024-01-02T03:04:05Z", "2024-01-02T03:04:05+00:00"], "timestamp_utc");
        check(&["2024-01-02T03:04:05+08:00"], "utf8");
        check(&["2024-01-02T03:04:05.123456789"], "utf8");
        check(&["2024-01-02", "2024-01-02T03:04:05"], "utf8");
        check(&["2024", "2025"], "int64");
    }

    #[test]
    fn json_numbers_past_what_a_double_holds_make_their_column_text() {
        let choose = |texts: &[&str]| {
            let mut evidence = JsonEvidence::default();
            texts.iter().for_each(|t| evidence.number(t));
            evidence.choose().word()
        };
        assert_eq!(choose(&["1", "-2"]), "int64");
        assert_eq!(choose(&["1", "2.50"]), "float64");
        assert_eq!(choose(&["1e5"]), "float64");
        assert_eq!(choose(&["9007199254740993"]), "int64");
        assert_eq!(choose(&["9007199254740993", "0.5"]), "utf8");
        assert_eq!(choose(&["18446744073709551615"]), "utf8");
        assert_eq!(choose(&["3.14159265358979323846"]), "utf8");
        assert_eq!(choose(&["1e400"]), "utf8");
        assert_eq!(choose(&["1e-400"]), "utf8");
    }

    #[test]
    fn types_are_read_from_settings() {
        assert_eq!(ColumnType::parse(" Decimal( 18 , 4 ) ").unwrap(), ColumnType::Decimal(18, 4));
        assert_eq!(ColumnType::parse("date(%b %d %Y)").unwrap().word(), "date(%b %d %Y)");
        for bad in ["", "int65", "decimal", "decimal(39,1)", "decimal(4,5)", "date(%Q)", "int64(3)", "date("] {
            assert_eq!(ColumnType::parse(bad).unwrap_err().code(), ErrorCode::InvalidValue, "{bad}");
        }
    }
}
