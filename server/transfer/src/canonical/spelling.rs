//! Values that text spells: numbers, instants, times of day and UUIDs, each read in all the ways it may be written.

use super::{Family, display, family, nanoseconds, tidy};
use arrow::array::{ArrayRef, StringArray};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use data::{Error, Result};
use model::ErrorCode;
use std::borrow::Cow;
use std::sync::Arc;

/// How text spells what the other side holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spelling {
    /// A number, exactly.
    Number,
    /// A number at the precision of a 64-bit float.
    Double,
    /// `true` or `false`.
    Boolean,
    /// A date or timestamp.
    Instant,
    /// A time of day.
    TimeOfDay,
}

impl Spelling {
    pub(super) fn apply(self, array: &ArrayRef) -> Result<ArrayRef> {
        let is_text = family(array.data_type()) == Family::Text;
        if !is_text && matches!(self, Self::Instant | Self::TimeOfDay) {
            let found = nanoseconds("", array, |_| None)?;
            return Ok(Arc::new(found.into_iter().map(|value| value.map(|v| v.to_string())).collect::<StringArray>()));
        }
        let text = display(array)?;
        let spell = |text: &str| match self {
            Self::Number => spell_number(text),
            Self::Double => text.parse::<f64>().ok().map(|value| tidy(value).to_string()),
            Self::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" => Some("true".to_owned()),
                "false" | "f" | "0" => Some("false".to_owned()),
                _ => None,
            },
            Self::Instant => parse_instant(text).map(|value| value.to_string()),
            Self::TimeOfDay => parse_time(text).map(|value| value.to_string()),
        };
        let spelled = text.iter().map(|text| text.map(|text| spell(text).unwrap_or_else(|| text.to_owned())));
        Ok(Arc::new(spelled.collect::<StringArray>()))
    }
}

/// A UUID in lower case with hyphens; what is none as it is.
pub(super) fn spell_uuid(text: &str) -> Cow<'_, str> {
    let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let digits: String = bare.chars().filter(|char| *char != '-').collect::<String>().to_ascii_lowercase();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Cow::Borrowed(text);
    }
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Cow::Owned(parts.join("-"))
}

pub(super) fn read(column: &str, text: &str, parse: fn(&str) -> Option<i128>) -> Result<i128> {
    parse(text).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let message = format!("the key `{column}` holds `{shown}`, which is no date or time as on the other side");
        Error::permanent(ErrorCode::ValueRefused, message)
            .hint("Compare queries that cast the key to the same type on both sides.")
    })
}

/// Nanoseconds since 1970 of an ISO 8601 date or timestamp; without an offset it is UTC.
pub(super) fn parse_instant(text: &str) -> Option<i128> {
    let nanos = |at: NaiveDateTime| {
        i128::from(at.and_utc().timestamp()) * 1_000_000_000 + i128::from(at.and_utc().timestamp_subsec_nanos())
    };
    if text.len() == 10 {
        return NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|date| nanos(date.and_time(NaiveTime::MIN)));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(nanos(at.naive_utc()));
    }
    let plain = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    if let Some(at) = plain.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()) {
        return Some(nanos(at));
    }
    DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok().map(|at| nanos(at.naive_utc()))
}

/// Nanoseconds since midnight.
pub(super) fn parse_time(text: &str) -> Option<i128> {
    let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())?;
    Some(i128::from(time.num_seconds_from_midnight()) * 1_000_000_000 + i128::from(time.nanosecond()))
}

/// The one spelling of a decimal number, or `None` where the text is none: `007.50` and `75e-1` are `7.5`.
pub(crate) fn spell_number(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|e| e.abs() <= 400)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let (whole, fraction) = if point <= 0 {
        (String::new(), format!("{}{digits}", "0".repeat(usize::try_from(-point).ok()?)))
    } else {
        let point = usize::try_from(point).ok()?;
        match digits.get(point..) {
            Some(fraction) => (digits[..point].to_owned(), fraction.to_owned()),
            None => (format!("{digits}{}", "0".repeat(point - digits.len())), String::new()),
        }
    };
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    Some(match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        ("", fraction) => format!("{sign}0.{fraction}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}
