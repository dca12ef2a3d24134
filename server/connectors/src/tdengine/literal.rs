//! Values of a batch as literals of a statement, each held against the column it goes to.
//!
//! A value the column cannot hold is told with the reason, never cut or wrapped. Only a binary fraction may lose digits, by
//! becoming the nearest FLOAT or DOUBLE, which is what such a column means.

use super::types::Native;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int64Array,
    StringArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, TimeUnit, UInt64Type,
};
use std::fmt::Write as _;
use taos::taos_query::common::Precision;

/// A column of a batch on its way into a column of a table.
pub(super) struct Cells {
    values: Values,
    native: Native,
    precision: Precision,
    /// As it came, for messages and for what becomes text.
    array: ArrayRef,
}

enum Values {
    Bool(BooleanArray),
    Int(Int64Array),
    Uint(UInt64Array),
    Single(Float32Array),
    Double(Float64Array),
    Text(StringArray),
    Bytes(BinaryArray),
    Day(Int64Array),
    /// Units since 1970, and how many of them make a second.
    Time(Int64Array, i128),
    Decimal(Decimal128Array, i8),
    /// Only as text.
    Other,
}

/// Whether values of a type may go into a column at all; which of them fit is seen row by row.
pub(super) fn accepts(native: Native, data_type: &DataType) -> bool {
    use DataType as D;
    if let D::Dictionary(_, values) = data_type {
        return accepts(native, values);
    }
    if matches!(data_type, D::Null) {
        return native != Native::Blob;
    }
    let number = data_type.is_integer();
    let decimal = matches!(data_type, D::Decimal128(..));
    match native {
        Native::Bool => matches!(data_type, D::Boolean) || number,
        Native::Int(..) => number || decimal,
        Native::Float | Native::Double => number || data_type.is_floating() || decimal,
        Native::Decimal(..) => number || decimal,
        Native::Timestamp => matches!(data_type, D::Timestamp(..) | D::Date32),
        Native::Varchar(_) | Native::Nchar(_) => !data_type.is_nested() && !is_bytes(data_type),
        Native::Json => is_text(data_type),
        Native::Varbinary(_) => is_bytes(data_type),
        Native::Geometry(_) | Native::Blob => false,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_bytes(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_))
}

impl Cells {
    /// The column; `accepts` has said yes to it.
    pub(super) fn new(
        array: &ArrayRef,
        native: Native,
        precision: Precision,
    ) -> Result<Self, arrow::error::ArrowError> {
        let array = match array.data_type() {
            DataType::Dictionary(_, values) => cast(array, values)?,
            _ => array.clone(),
        };
        let values = match array.data_type() {
            DataType::Boolean => Values::Bool(array.as_boolean().clone()),
            DataType::UInt64 => Values::Uint(array.as_primitive::<UInt64Type>().clone()),
            kind if kind.is_integer() => {
                Values::Int(cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            DataType::Float16 | DataType::Float32 => {
                Values::Single(cast(&array, &DataType::Float32)?.as_primitive::<Float32Type>().clone())
            }
            DataType::Float64 => Values::Double(array.as_primitive::<Float64Type>().clone()),
            kind if is_text(kind) => Values::Text(cast(&array, &DataType::Utf8)?.as_string::<i32>().clone()),
            kind if is_bytes(kind) => Values::Bytes(cast(&array, &DataType::Binary)?.as_binary::<i32>().clone()),
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>();
                Values::Day(Int64Array::from_iter(days.iter().map(|day| day.map(i64::from))))
            }
            DataType::Timestamp(unit, _) => {
                let per_second = match unit {
                    TimeUnit::Second => 1,
                    TimeUnit::Millisecond => 1_000,
                    TimeUnit::Microsecond => 1_000_000,
                    TimeUnit::Nanosecond => 1_000_000_000,
                };
                Values::Time(cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>().clone(), per_second)
            }
            DataType::Decimal128(_, scale) => Values::Decimal(array.as_primitive::<Decimal128Type>().clone(), *scale),
            _ => Values::Other,
        };
        Ok(Self { values, native, precision, array })
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        self.array.is_null(row) || matches!(self.array.data_type(), DataType::Null)
    }

    /// The value for people and for names; NULL is `None`.
    pub(super) fn text(&self, row: usize) -> Option<String> {
        if self.is_null(row) {
            return None;
        }
        // What names subtables and keys is asked for every row; the formatter that knows every type is slow.
        match &self.values {
            Values::Text(values) => Some(values.value(row).to_owned()),
            Values::Int(values) => Some(values.value(row).to_string()),
            Values::Uint(values) => Some(values.value(row).to_string()),
            _ => crate::cell::text(&self.array, row),
        }
    }

    /// The timestamp in the database's unit; the value is there.
    pub(super) fn timestamp(&self, row: usize) -> Result<i64, String> {
        let (value, per_second) = match &self.values {
            Values::Day(days) => (i128::from(days.value(row)) * 86_400, 1),
            Values::Time(times, per_second) => (i128::from(times.value(row)), *per_second),
            _ => return Err("it is no timestamp".to_owned()),
        };
        let (own, word) = match self.precision {
            Precision::Millisecond => (1_000, "milliseconds"),
            Precision::Microsecond => (1_000_000, "microseconds"),
            Precision::Nanosecond => (1_000_000_000, "nanoseconds"),
        };
        let scaled = value * own;
        if scaled % per_second != 0 {
            return Err(format!("the database keeps {word} only"));
        }
        i64::try_from(scaled / per_second).map_err(|_| format!("{word} of that time are beyond 64 bits"))
    }

    /// Appends the literal, or tells why the column cannot hold the value.
    pub(super) fn write(&self, row: usize, out: &mut String) -> Result<(), String> {
        if self.is_null(row) {
            out.push_str("NULL");
            return Ok(());
        }
        match self.native {
            Native::Bool => self.write_bool(row, out),
            Native::Int(bits, signed) => self.write_int(row, bits, signed, out),
            Native::Float | Native::Double => self.write_float(row, out),
            Native::Decimal(precision, scale) => self.write_decimal(row, precision, scale, out),
            Native::Timestamp => {
                put(out, self.timestamp(row)?);
                Ok(())
            }
            Native::Varchar(length) => self.write_text(row, length as usize, str::len, "bytes", out),
            Native::Nchar(length) => {
                self.write_text(row, length as usize, |text| text.chars().count(), "characters", out)
            }
            Native::Json => self.write_text(row, 4_095, str::len, "bytes", out),
            Native::Varbinary(length) => self.write_bytes(row, length as usize, out),
            Native::Geometry(_) | Native::Blob => Err("such columns cannot be written".to_owned()),
        }
    }

    fn write_bool(&self, row: usize, out: &mut String) -> Result<(), String> {
        let value = match &self.values {
            Values::Bool(values) => values.value(row),
            _ => match self.whole(row)? {
                0 => false,
                1 => true,
                _ => return Err("a BOOL is 0 or 1".to_owned()),
            },
        };
        out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn write_int(&self, row: usize, bits: u8, signed: bool, out: &mut String) -> Result<(), String> {
        let value = self.whole(row)?;
        let (low, high) =
            if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
        if value < low || value > high {
            return Err(format!("it is outside {low} to {high}"));
        }
        put(out, value);
        Ok(())
    }

    /// The value as a whole number.
    fn whole(&self, row: usize) -> Result<i128, String> {
        match &self.values {
            Values::Bool(values) => Ok(i128::from(values.value(row))),
            Values::Int(values) => Ok(i128::from(values.value(row))),
            Values::Uint(values) => Ok(i128::from(values.value(row))),
            Values::Decimal(values, scale) => {
                let (value, scale) = (values.value(row), u32::from(scale.unsigned_abs()));
                let power = 10i128.checked_pow(scale).ok_or("it has too many digits")?;
                if self.scale_is_negative() {
                    return value.checked_mul(power).ok_or_else(|| "it has too many digits".to_owned());
                }
                if value % power == 0 { Ok(value / power) } else { Err("it is no whole number".to_owned()) }
            }
            _ => Err("it is no whole number".to_owned()),
        }
    }

    fn scale_is_negative(&self) -> bool {
        matches!(&self.values, Values::Decimal(_, scale) if *scale < 0)
    }

    fn write_float(&self, row: usize, out: &mut String) -> Result<(), String> {
        let single = self.native == Native::Float;
        let value = match &self.values {
            Values::Single(values) if single => {
                let value = values.value(row);
                if !value.is_finite() {
                    return Err("TDengine has no NaN and no infinity".to_owned());
                }
                write_single(value, out);
                return Ok(());
            }
            Values::Single(values) => f64::from(values.value(row)),
            Values::Double(values) => values.value(row),
            Values::Decimal(values, scale) => {
                if values.value(row).unsigned_abs() >= 10u128.pow(15) {
                    return Err("it has more than the 15 digits that a DOUBLE keeps".to_owned());
                }
                let mut digits = String::new();
                crate::decimal::write(&mut digits, values.value(row), *scale);
                digits.parse().map_err(|_| "it is no number".to_owned())?
            }
            _ => {
                let value = self.whole(row)?;
                let exact = if single { value.unsigned_abs() <= 1 << 24 } else { value.unsigned_abs() <= 1 << 53 };
                if !exact {
                    return Err("it has more digits than the column keeps".to_owned());
                }
                value as f64
            }
        };
        if !value.is_finite() {
            return Err("TDengine has no NaN and no infinity".to_owned());
        }
        if single {
            let nearest = value as f32;
            if !nearest.is_finite() {
                return Err("it is beyond what a FLOAT holds".to_owned());
            }
            write_single(nearest, out);
        } else {
            let _ = write!(out, "{value:?}");
        }
        Ok(())
    }

    fn write_decimal(&self, row: usize, precision: u8, scale: u8, out: &mut String) -> Result<(), String> {
        let mut digits = String::new();
        match &self.values {
            Values::Decimal(values, own) => crate::decimal::write(&mut digits, values.value(row), *own),
            _ => put(&mut digits, self.whole(row)?),
        }
        if crate::decimal::parse(&digits, precision, scale.cast_signed()).is_none() {
            return Err(format!("it has more digits than DECIMAL({precision},{scale})"));
        }
        out.push_str(&digits);
        Ok(())
    }

    fn write_text(
        &self,
        row: usize,
        most: usize,
        measure: impl Fn(&str) -> usize,
        unit: &str,
        out: &mut String,
    ) -> Result<(), String> {
        let owned;
        let text = match &self.values {
            Values::Text(values) => values.value(row),
            _ => {
                owned = crate::cell::exact(&self.array, row).map_err(|error| error.to_string())?;
                &owned
            }
        };
        let length = measure(text);
        if length > most {
            return Err(format!("it is too long: {length} {unit}, {most} fit"));
        }
        if text.contains('\0') {
            return Err("TDengine keeps no zero byte in text".to_owned());
        }
        super::sql::write_text(out, text);
        Ok(())
    }

    fn write_bytes(&self, row: usize, most: usize, out: &mut String) -> Result<(), String> {
        let Values::Bytes(values) = &self.values else { return Err("it is no sequence of bytes".to_owned()) };
        let bytes = values.value(row);
        if bytes.len() > most {
            return Err(format!("it is too long: {} bytes, {most} fit", bytes.len()));
        }
        out.push_str("'\\x");
        for byte in bytes {
            let _ = write!(out, "{byte:02x}");
        }
        out.push('\'');
        Ok(())
    }
}

/// The shortest digits that mean this very number. Near the largest one they would be taken for more than it.
fn write_single(value: f32, out: &mut String) {
    if value.abs() < 3.4e38 {
        let _ = write!(out, "{value:?}");
    } else {
        let _ = write!(out, "{:?}", f64::from(value));
    }
}

fn put(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::*;
    use std::sync::Arc;

    fn check(native: &str, array: impl Array + 'static, expected: &[Result<&str, &str>]) {
        let native = Native::parse(native, None).unwrap();
        let array: ArrayRef = Arc::new(array);
        assert!(accepts(native, array.data_type()), "{native:?} takes {}", array.data_type());
        let cells = Cells::new(&array, native, Precision::Millisecond).unwrap();
        for (row, expected) in expected.iter().enumerate() {
            let mut out = String::new();
            let written = cells.write(row, &mut out).map(|()| out);
            match expected {
                Ok(literal) => assert_eq!(written.as_deref(), Ok(*literal)),
                Err(part) => assert!(written.as_ref().unwrap_err().contains(part), "{written:?}"),
            }
        }
    }

    #[test]
    fn values_that_fit_are_spelled_exactly() {
        check("bigint", Int64Array::from(vec![Some(i64::MIN), None]), &[Ok("-9223372036854775808"), Ok("NULL")]);
        check("bigint unsigned", UInt64Array::from(vec![u64::MAX]), &[Ok("18446744073709551615")]);
        check("float", Float32Array::from(vec![0.1, f32::MIN]), &[Ok("0.1"), Ok("-3.4028234663852886e38")]);
        check("float", Float64Array::from(vec![6.63]), &[Ok("6.63")]);
        check("double", Float64Array::from(vec![5e-300, 0.1]), &[Ok("5e-300"), Ok("0.1")]);
        check("nchar(4)", StringArray::from(vec!["浦发🦀'"]), &[Ok("'浦发🦀\\''")]);
        check("varchar(9)", StringArray::from(vec!["a\\b'\"\n"]), &[Ok("'a\\\\b\\'\"\n'")]);
        check("varbinary(3)", BinaryArray::from(vec![b"\x00\xff".as_slice(), b""]), &[Ok("'\\x00ff'"), Ok("'\\x'")]);
        check("timestamp", Date32Array::from(vec![19_724]), &[Ok("1704153600000")]);
        check("timestamp", TimestampSecondArray::from(vec![-1]), &[Ok("-1000")]);
        check("bool", Int8Array::from(vec![1, 0]), &[Ok("true"), Ok("false")]);
        let money = Decimal128Array::from(vec![663, -5]).with_precision_and_scale(10, 2).unwrap();
        check("double", money.clone(), &[Ok("6.63"), Ok("-0.05")]);
        check("decimal(10,2)", money, &[Ok("6.63"), Ok("-0.05")]);
    }

    #[test]
    fn values_that_do_not_fit_are_told_why() {
        check("tinyint", Int64Array::from(vec![127, 128]), &[Ok("127"), Err("-128 to 127")]);
        check("int unsigned", Int64Array::from(vec![-1]), &[Err("0 to 4294967295")]);
        check("bool", Int8Array::from(vec![2]), &[Err("0 or 1")]);
        check("double", Float64Array::from(vec![f64::NAN, f64::INFINITY]), &[Err("NaN"), Err("infinity")]);
        check("float", Float64Array::from(vec![1e300]), &[Err("FLOAT")]);
        check("double", Int64Array::from(vec![(1 << 53) + 1]), &[Err("digits")]);
        check("varchar(5)", StringArray::from(vec!["浦发", "a\0"]), &[Err("6 bytes, 5 fit"), Err("zero byte")]);
        check("nchar(2)", StringArray::from(vec!["浦发银"]), &[Err("3 characters, 2 fit")]);
        check("timestamp", TimestampMicrosecondArray::from(vec![1_001]), &[Err("milliseconds only")]);
        let money =
            Decimal128Array::from(vec![12_345, 10_000_000_000_000_005]).with_precision_and_scale(20, 3).unwrap();
        check("decimal(6,2)", money.clone(), &[Err("DECIMAL(6,2)")]);
        check("int", money.clone(), &[Err("no whole number")]);
        check("double", money, &[Ok("12.345"), Err("15 digits")]);
    }

    #[test]
    fn types_without_meaning_for_a_column_are_not_accepted() {
        let refused = [
            ("int", DataType::Utf8),
            ("timestamp", DataType::Int64),
            ("varchar(5)", DataType::Binary),
            ("blob", DataType::Binary),
        ];
        for (native, data_type) in refused {
            assert!(!accepts(Native::parse(native, None).unwrap(), &data_type), "{native} {data_type}");
        }
    }
}
