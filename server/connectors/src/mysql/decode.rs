//! Rows of the binary protocol, value by value, without copying.
//!
//! A row is a byte 0, a bitmap of the NULLs (its first two bits unused), and the values that are not NULL, each as long
//! as its type says or as it says itself.

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, Value};

/// A value that still lies where it was received.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Raw<'a> {
    Null,
    Int(i64),
    UInt(u64),
    Float(f32),
    Double(f64),
    /// Text, decimals, bits, whatever has no form of its own.
    Bytes(&'a [u8]),
    Date {
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        micro: u32,
    },
    Time {
        negative: bool,
        days: u32,
        hour: u8,
        minute: u8,
        second: u8,
        micro: u32,
    },
}

impl<'a> From<&'a Value> for Raw<'a> {
    fn from(value: &'a Value) -> Self {
        match *value {
            Value::NULL => Self::Null,
            Value::Int(value) => Self::Int(value),
            Value::UInt(value) => Self::UInt(value),
            Value::Float(value) => Self::Float(value),
            Value::Double(value) => Self::Double(value),
            Value::Bytes(ref bytes) => Self::Bytes(bytes),
            Value::Date(year, month, day, hour, minute, second, micro) => {
                Self::Date { year, month, day, hour, minute, second, micro }
            }
            Value::Time(negative, days, hour, minute, second, micro) => {
                Self::Time { negative, days, hour, minute, second, micro }
            }
        }
    }
}

/// How the values of a result's rows lie.
pub(super) struct Layout {
    shapes: Vec<Shape>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float,
    Double,
    Date,
    Time,
    Bytes,
}

impl Layout {
    pub(super) fn of(columns: &[Column]) -> Self {
        Self { shapes: columns.iter().map(Shape::of).collect() }
    }

    /// Hands over one row's values in order.
    ///
    /// # Errors
    /// In words: those of `take`, or that the row is not as the result's columns say.
    #[inline]
    pub(super) fn read<'a>(
        &self,
        row: &'a [u8],
        mut take: impl FnMut(usize, Raw<'a>) -> Result<(), String>,
    ) -> Result<(), String> {
        let malformed = || "the server sent a row that is not as its columns say".to_owned();
        let bitmap = (self.shapes.len() + 9) / 8;
        let (nulls, mut rest) = row.get(1..).and_then(|row| row.split_at_checked(bitmap)).ok_or_else(malformed)?;
        for (at, shape) in self.shapes.iter().enumerate() {
            let bit = at + 2;
            let value = if nulls[bit / 8] & (1 << (bit % 8)) != 0 {
                Raw::Null
            } else {
                shape.take(&mut rest).ok_or_else(malformed)?
            };
            take(at, value)?;
        }
        Ok(())
    }
}

impl Shape {
    fn of(column: &Column) -> Self {
        let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
        match (column.column_type(), unsigned) {
            (ColumnType::MYSQL_TYPE_TINY, false) => Self::Int8,
            (ColumnType::MYSQL_TYPE_TINY, true) => Self::UInt8,
            (ColumnType::MYSQL_TYPE_SHORT | ColumnType::MYSQL_TYPE_YEAR, false) => Self::Int16,
            (ColumnType::MYSQL_TYPE_SHORT | ColumnType::MYSQL_TYPE_YEAR, true) => Self::UInt16,
            (ColumnType::MYSQL_TYPE_LONG | ColumnType::MYSQL_TYPE_INT24, false) => Self::Int32,
            (ColumnType::MYSQL_TYPE_LONG | ColumnType::MYSQL_TYPE_INT24, true) => Self::UInt32,
            (ColumnType::MYSQL_TYPE_LONGLONG, false) => Self::Int64,
            (ColumnType::MYSQL_TYPE_LONGLONG, true) => Self::UInt64,
            (ColumnType::MYSQL_TYPE_FLOAT, _) => Self::Float,
            (ColumnType::MYSQL_TYPE_DOUBLE, _) => Self::Double,
            (ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_TIMESTAMP, _) => {
                Self::Date
            }
            (ColumnType::MYSQL_TYPE_TIME, _) => Self::Time,
            _ => Self::Bytes,
        }
    }

    #[inline]
    fn take<'a>(self, rest: &mut &'a [u8]) -> Option<Raw<'a>> {
        Some(match self {
            Self::Int8 => Raw::Int(i8::from_le_bytes(fixed(rest)?).into()),
            Self::UInt8 => Raw::Int(u8::from_le_bytes(fixed(rest)?).into()),
            Self::Int16 => Raw::Int(i16::from_le_bytes(fixed(rest)?).into()),
            Self::UInt16 => Raw::Int(u16::from_le_bytes(fixed(rest)?).into()),
            Self::Int32 => Raw::Int(i32::from_le_bytes(fixed(rest)?).into()),
            Self::UInt32 => Raw::Int(u32::from_le_bytes(fixed(rest)?).into()),
            Self::Int64 => Raw::Int(i64::from_le_bytes(fixed(rest)?)),
            Self::UInt64 => Raw::UInt(u64::from_le_bytes(fixed(rest)?)),
            Self::Float => Raw::Float(f32::from_le_bytes(fixed(rest)?)),
            Self::Double => Raw::Double(f64::from_le_bytes(fixed(rest)?)),
            Self::Bytes => Raw::Bytes(sized(rest)?),
            Self::Date => date(short(rest)?)?,
            Self::Time => time(short(rest)?)?,
        })
    }
}

#[inline]
fn fixed<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}

/// As many bytes as one byte before them says.
#[inline]
fn short<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let [length] = fixed(rest)?;
    let (head, tail) = rest.split_at_checked(length.into())?;
    *rest = tail;
    Some(head)
}

/// As many bytes as a number of one, three, four or nine bytes before them says.
#[inline]
fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let [first] = fixed(rest)?;
    let length = match first {
        0..=250 => u64::from(first),
        0xFC => u16::from_le_bytes(fixed(rest)?).into(),
        0xFD => {
            let [a, b, c] = fixed(rest)?;
            u32::from_le_bytes([a, b, c, 0]).into()
        }
        0xFE => u64::from_le_bytes(fixed(rest)?),
        _ => return None,
    };
    let (head, tail) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = tail;
    Some(head)
}

/// A date is sent as far as it is not zero: nothing, the day, the second or the microsecond.
fn date(mut bytes: &[u8]) -> Option<Raw<'static>> {
    let bytes = &mut bytes;
    if !matches!(bytes.len(), 0 | 4 | 7 | 11) {
        return None;
    }
    let (year, [month, day]) =
        if bytes.is_empty() { (0, [0, 0]) } else { (u16::from_le_bytes(fixed(bytes)?), fixed(bytes)?) };
    let [hour, minute, second] = if bytes.is_empty() { [0; 3] } else { fixed(bytes)? };
    let micro = if bytes.is_empty() { 0 } else { u32::from_le_bytes(fixed(bytes)?) };
    Some(Raw::Date { year, month, day, hour, minute, second, micro })
}

/// A span of time likewise.
fn time(mut bytes: &[u8]) -> Option<Raw<'static>> {
    let bytes = &mut bytes;
    if bytes.is_empty() {
        return Some(Raw::Time { negative: false, days: 0, hour: 0, minute: 0, second: 0, micro: 0 });
    }
    if !matches!(bytes.len(), 8 | 12) {
        return None;
    }
    let [negative] = fixed(bytes)?;
    let days = u32::from_le_bytes(fixed(bytes)?);
    let [hour, minute, second] = fixed(bytes)?;
    let micro = if bytes.is_empty() { 0 } else { u32::from_le_bytes(fixed(bytes)?) };
    Some(Raw::Time { negative: negative != 0, days, hour, minute, second, micro })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(columns: &[(ColumnType, bool)], row: &[u8], expected: Result<&[Raw<'_>], &str>) {
        let columns: Vec<Column> = columns
            .iter()
            .map(|(column_type, unsigned)| {
                let flags = if *unsigned { ColumnFlags::UNSIGNED_FLAG } else { ColumnFlags::empty() };
                Column::new(*column_type).with_flags(flags)
            })
            .collect();
        let mut found = Vec::new();
        let read = Layout::of(&columns).read(row, |_, value| {
            found.push(value);
            Ok(())
        });
        match expected {
            Ok(values) => {
                read.unwrap();
                assert_eq!(found, values, "{row:?}");
            }
            Err(why) => assert!(read.unwrap_err().contains(why), "{row:?}"),
        }
    }

    #[test]
    fn values_are_read_as_the_protocol_writes_them() {
        use ColumnType as T;
        let long = [&[0xFC, 0x2C, 0x01][..], &[b'x'; 300]].concat();
        check(&[], &[0, 0], Ok(&[]));
        check(&[(T::MYSQL_TYPE_TINY, false)], &[0, 0, 0xFF], Ok(&[Raw::Int(-1)]));
        check(&[(T::MYSQL_TYPE_TINY, true)], &[0, 0, 0xFF], Ok(&[Raw::Int(255)]));
        check(&[(T::MYSQL_TYPE_YEAR, true)], &[0, 0, 0xE8, 0x07], Ok(&[Raw::Int(2024)]));
        check(&[(T::MYSQL_TYPE_LONGLONG, true)], &[&[0, 0][..], &[0xFF; 8]].concat(), Ok(&[Raw::UInt(u64::MAX)]));
        check(
            &[(T::MYSQL_TYPE_DOUBLE, false)],
            &[&[0, 0][..], &1.5f64.to_le_bytes()].concat(),
            Ok(&[Raw::Double(1.5)]),
        );
        check(&[(T::MYSQL_TYPE_NEWDECIMAL, false)], b"\0\0\x04-1.5", Ok(&[Raw::Bytes(b"-1.5")]));
        check(&[(T::MYSQL_TYPE_BLOB, false)], &[&[0, 0][..], &long].concat(), Ok(&[Raw::Bytes(&[b'x'; 300])]));
        let null_second = &[(T::MYSQL_TYPE_LONG, false), (T::MYSQL_TYPE_LONG, false), (T::MYSQL_TYPE_TINY, false)];
        check(null_second, &[0, 0b1000, 7, 0, 0, 0, 8], Ok(&[Raw::Int(7), Raw::Null, Raw::Int(8)]));
        // The eighth and ninth column have their bits in the bitmap's second byte.
        let nine = [(T::MYSQL_TYPE_TINY, false); 9];
        let mut expected = [Raw::Int(1); 9];
        expected[6] = Raw::Null;
        check(&nine, &[0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1], Ok(&expected));
        let day = Raw::Date { year: 2024, month: 2, day: 29, hour: 0, minute: 0, second: 0, micro: 0 };
        check(&[(T::MYSQL_TYPE_DATE, false)], &[0, 0, 4, 0xE8, 7, 2, 29], Ok(&[day]));
        let zero = Raw::Date { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0, micro: 0 };
        check(&[(T::MYSQL_TYPE_DATETIME, false)], &[0, 0, 0], Ok(&[zero]));
        let span = Raw::Time { negative: true, days: 34, hour: 22, minute: 59, second: 59, micro: 1 };
        check(&[(T::MYSQL_TYPE_TIME, false)], &[0, 0, 12, 1, 34, 0, 0, 0, 22, 59, 59, 1, 0, 0, 0], Ok(&[span]));
    }

    #[test]
    fn rows_that_end_early_or_lie_about_lengths_are_refused() {
        use ColumnType as T;
        let why = "not as its columns say";
        check(&[(T::MYSQL_TYPE_LONG, false)], &[], Err(why));
        check(&[(T::MYSQL_TYPE_LONG, false)], &[0], Err(why));
        check(&[(T::MYSQL_TYPE_LONG, false)], &[0, 0, 1, 2, 3], Err(why));
        check(&[(T::MYSQL_TYPE_STRING, false)], b"\0\0\x05abc", Err(why));
        check(&[(T::MYSQL_TYPE_STRING, false)], &[&[0, 0, 0xFE][..], &[0xFF; 8]].concat(), Err(why));
        check(&[(T::MYSQL_TYPE_STRING, false)], &[0, 0, 0xFF], Err(why));
        check(&[(T::MYSQL_TYPE_DATE, false)], &[0, 0, 5, 1, 1, 1, 1, 1], Err(why));
        check(&[(T::MYSQL_TYPE_TIME, false)], &[0, 0, 3, 1, 1, 1], Err(why));
    }
}
