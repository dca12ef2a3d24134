//! Values as literals of a statement. What TDengine cannot hold is told with the reason, never cut or wrapped.

use plugin_sdk::{Cell, sign};

/// Nanoseconds in a day.
const DAY: i128 = 86_400_000_000_000;

/// What a database counts time in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    /// Milliseconds.
    Milli,
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    Nano,
}

impl Precision {
    /// As `information_schema.ins_databases` tells it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ms" => Self::Milli,
            "us" => Self::Micro,
            "ns" => Self::Nano,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Milli => "ms",
            Self::Micro => "us",
            Self::Nano => "ns",
        }
    }

    fn nanos(self) -> i128 {
        match self {
            Self::Milli => 1_000_000,
            Self::Micro => 1_000,
            Self::Nano => 1,
        }
    }
}

/// A moment or day in the unit of the database; none for a null.
pub(crate) fn time(cell: Cell<'_>, precision: Precision) -> Result<Option<i64>, String> {
    let nanos = match cell {
        Cell::Null => return Ok(None),
        Cell::Moment(nanos, _) => nanos,
        Cell::Date(days) => i128::from(days) * DAY,
        _ => return Err("it is no moment".to_owned()),
    };
    if nanos % precision.nanos() != 0 {
        return Err(format!("it is finer than the {} that the database counts in", precision.word()));
    }
    i64::try_from(nanos / precision.nanos()).map(Some).map_err(|_| "it is out of range".to_owned())
}

/// Appends a value.
pub(crate) fn write(out: &mut String, cell: Cell<'_>, precision: Precision) -> Result<(), String> {
    match cell {
        Cell::Null => out.push_str("NULL"),
        Cell::Text(text) => write_text(out, text)?,
        Cell::Bytes(bytes) => {
            out.push_str("'\\x");
            out.push_str(&sign::hex(bytes));
            out.push('\'');
        }
        Cell::Moment(..) | Cell::Date(_) => {
            out.push_str(&time(cell, precision)?.map_or_else(|| "NULL".to_owned(), |at| at.to_string()));
        }
        Cell::Time(_) => return Err("TDengine has no times of day".to_owned()),
        Cell::Float(number) if !number.is_finite() => return Err("TDengine has no NaN and no infinity".to_owned()),
        // Hundreds of digits would say no more.
        Cell::Float(number) if number != 0.0 && !(1e-6..1e16).contains(&number.abs()) => {
            out.push_str(&format!("{number:e}"));
        }
        other => out.push_str(&other.to_text().unwrap_or_default()),
    }
    Ok(())
}

fn write_text(out: &mut String, text: &str) -> Result<(), String> {
    if text.contains('\0') {
        return Err("TDengine has no text with a NUL character".to_owned());
    }
    out.push('\'');
    for char in text.chars() {
        if matches!(char, '\'' | '\\') {
            out.push('\\');
        }
        out.push(char);
    }
    out.push('\'');
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(cell: Cell<'_>, expected: Result<&str, &str>) {
        let mut out = String::new();
        match (write(&mut out, cell, Precision::Milli), expected) {
            (Ok(()), Ok(text)) => assert_eq!(out, text, "{cell:?}"),
            (Err(why), Err(part)) => assert!(why.contains(part), "{cell:?}: {why}"),
            (outcome, _) => panic!("{cell:?}: {outcome:?} {out}"),
        }
    }

    #[test]
    fn values_are_spelled_so_that_nothing_in_them_can_end_them() {
        check(Cell::Text("浦'; DROP TABLE t; --\\"), Ok("'浦\\'; DROP TABLE t; --\\\\'"));
        check(Cell::Text("\\x00"), Ok("'\\\\x00'"));
        check(Cell::Text("a\0b"), Err("NUL"));
        check(Cell::Bytes(&[0, 255]), Ok("'\\x00ff'"));
        check(Cell::Bool(true), Ok("true"));
        check(Cell::UInt(u64::MAX), Ok("18446744073709551615"));
        check(Cell::Decimal(-5, 2), Ok("-0.05"));
        check(Cell::Float(6.62), Ok("6.62"));
        check(Cell::Float(-1e300), Ok("-1e300"));
        check(Cell::Float(0.0), Ok("0"));
        check(Cell::Float(f64::NAN), Err("NaN"));
        check(Cell::Time(1), Err("times of day"));
        check(Cell::Null, Ok("NULL"));
    }

    #[test]
    fn moments_are_counted_in_the_unit_of_the_database_or_refused() {
        // 2024-01-02T02:00:00Z, the sheet's own example.
        check(Cell::Moment(1_704_160_800_000_000_000, true), Ok("1704160800000"));
        check(Cell::Date(19_724), Ok("1704153600000"));
        check(Cell::Moment(1_704_160_800_000_001_000, true), Err("finer than the ms"));
        assert_eq!(time(Cell::Moment(1_001, true), Precision::Nano), Ok(Some(1_001)));
        assert_eq!(time(Cell::Moment(-1_000, true), Precision::Micro), Ok(Some(-1)));
        assert!(time(Cell::Date(i64::MAX), Precision::Nano).unwrap_err().contains("range"));
        assert_eq!(["ms", "us", "ns", "s"].map(|text| Precision::parse(text).is_some()), [true, true, true, false]);
    }
}
