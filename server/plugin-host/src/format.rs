//! Arrow types as the format strings of the contract, and back.

use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};

/// The format string of a type that can cross; none for types that cannot.
pub(crate) fn format_of(data_type: &DataType) -> Option<String> {
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "m",
        TimeUnit::Microsecond => "u",
        TimeUnit::Nanosecond => "n",
    };
    Some(match data_type {
        DataType::Null => "n".to_owned(),
        DataType::Boolean => "b".to_owned(),
        DataType::Int8 => "c".to_owned(),
        DataType::UInt8 => "C".to_owned(),
        DataType::Int16 => "s".to_owned(),
        DataType::UInt16 => "S".to_owned(),
        DataType::Int32 => "i".to_owned(),
        DataType::UInt32 => "I".to_owned(),
        DataType::Int64 => "l".to_owned(),
        DataType::UInt64 => "L".to_owned(),
        DataType::Float16 => "e".to_owned(),
        DataType::Float32 => "f".to_owned(),
        DataType::Float64 => "g".to_owned(),
        DataType::Utf8 => "u".to_owned(),
        DataType::Binary => "z".to_owned(),
        DataType::Date32 => "tdD".to_owned(),
        DataType::Date64 => "tdm".to_owned(),
        DataType::Time32(time) | DataType::Time64(time) => format!("tt{}", unit(time)),
        DataType::Timestamp(time, zone) => format!("ts{}:{}", unit(time), zone.as_deref().unwrap_or("")),
        DataType::Duration(time) => format!("tD{}", unit(time)),
        DataType::Interval(IntervalUnit::YearMonth) => "tiM".to_owned(),
        DataType::Interval(IntervalUnit::DayTime) => "tiD".to_owned(),
        DataType::Interval(IntervalUnit::MonthDayNano) => "tin".to_owned(),
        DataType::Decimal128(precision, scale) => format!("d:{precision},{scale}"),
        DataType::Decimal256(precision, scale) => format!("d:{precision},{scale},256"),
        DataType::FixedSizeBinary(width) => format!("w:{width}"),
        _ => return None,
    })
}

/// The type of a format string; none where it is not one that can cross.
pub(crate) fn parse_format(format: &str) -> Option<DataType> {
    let unit = |letter: &str| match letter {
        "s" => Some(TimeUnit::Second),
        "m" => Some(TimeUnit::Millisecond),
        "u" => Some(TimeUnit::Microsecond),
        "n" => Some(TimeUnit::Nanosecond),
        _ => None,
    };
    Some(match format {
        "n" => DataType::Null,
        "b" => DataType::Boolean,
        "c" => DataType::Int8,
        "C" => DataType::UInt8,
        "s" => DataType::Int16,
        "S" => DataType::UInt16,
        "i" => DataType::Int32,
        "I" => DataType::UInt32,
        "l" => DataType::Int64,
        "L" => DataType::UInt64,
        "e" => DataType::Float16,
        "f" => DataType::Float32,
        "g" => DataType::Float64,
        "u" => DataType::Utf8,
        "z" => DataType::Binary,
        "tdD" => DataType::Date32,
        "tdm" => DataType::Date64,
        "tts" => DataType::Time32(TimeUnit::Second),
        "ttm" => DataType::Time32(TimeUnit::Millisecond),
        "ttu" => DataType::Time64(TimeUnit::Microsecond),
        "ttn" => DataType::Time64(TimeUnit::Nanosecond),
        "tiM" => DataType::Interval(IntervalUnit::YearMonth),
        "tiD" => DataType::Interval(IntervalUnit::DayTime),
        "tin" => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => {
            if let Some(letter) = format.strip_prefix("tD") {
                return Some(DataType::Duration(unit(letter)?));
            }
            if let Some(rest) = format.strip_prefix("ts") {
                let (letter, zone) = rest.split_once(':')?;
                let zone = (!zone.is_empty()).then(|| zone.into());
                return Some(DataType::Timestamp(unit(letter)?, zone));
            }
            if let Some(width) = format.strip_prefix("w:") {
                let width = width.parse().ok().filter(|width| (1..=1 << 20).contains(width))?;
                return Some(DataType::FixedSizeBinary(width));
            }
            let mut parts = format.strip_prefix("d:")?.split(',');
            let precision: u8 = parts.next()?.parse().ok()?;
            let scale: i8 = parts.next()?.parse().ok()?;
            let bits = parts.next().unwrap_or("128");
            let fits = |most: u8| (1..=most).contains(&precision) && scale.unsigned_abs() <= most;
            return match bits {
                "128" if fits(38) && parts.next().is_none() => Some(DataType::Decimal128(precision, scale)),
                "256" if fits(76) && parts.next().is_none() => Some(DataType::Decimal256(precision, scale)),
                _ => None,
            };
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_reads_back_as_the_type_it_was_made_of() {
        let formats = [
            "n",
            "b",
            "c",
            "C",
            "s",
            "S",
            "i",
            "I",
            "l",
            "L",
            "e",
            "f",
            "g",
            "u",
            "z",
            "tdD",
            "tdm",
            "tts",
            "ttm",
            "ttu",
            "ttn",
            "tss:",
            "tsu:UTC",
            "tsn:Asia/Shanghai",
            "tDs",
            "tDn",
            "tiM",
            "tiD",
            "tin",
            "d:38,10",
            "d:9,-2",
            "d:76,4,256",
            "w:16",
        ];
        for format in formats {
            let data_type = parse_format(format);
            assert_eq!(data_type.as_ref().and_then(format_of).as_deref(), Some(format), "{data_type:?}");
        }
    }

    #[test]
    fn what_no_type_is_called_is_refused() {
        for format in ["", "x", "ts", "tsu", "tsx:UTC", "d:", "d:0,0", "d:39,0", "d:38,0,512", "w:0", "w:-1", "+l", "U"]
        {
            assert_eq!(parse_format(format), None, "{format}");
        }
    }
}
