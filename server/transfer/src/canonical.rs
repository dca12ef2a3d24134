//! When two values of different types are equal, and which of two keys is smaller.
//!
//! Both columns of a pair are brought to one *canonical* Arrow type, chosen from the two types alone; from there on equal
//! means the same bytes. The rules:
//! whole numbers, decimals and booleans (0 and 1) compare by exact value; where one side is a float, at the precision
//! of that float (`-0` is `0`, NaN is NaN and the largest); dates and timestamps as instants, a timestamp without
//! zone read as UTC and a date as its midnight; text by its UTF-8 bytes; text beside a number, boolean or time by the
//! value it spells, else as text; text beside bytes by its bytes; lists and structs as they are displayed. NULL equals only NULL.

mod spelling;

pub(crate) use spelling::{Spelling, spell_number};

use crate::diff::{Leeway, UnicodeForm};
use crate::json::spell_json;
use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Float32Array, Float64Array, Int64Array, StringArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Decimal128Type, Float32Type, Float64Type, Int64Type, TimeUnit, TimestampNanosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use data::{Error, Result};
use model::ErrorCode;
use spelling::{parse_instant, parse_time, read, spell_uuid};
use std::borrow::Cow;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// The common form of a pair of columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Canonical {
    /// Arrow's own cast to this type.
    Cast(DataType),
    /// As 64-bit floats.
    Double,
    /// As 32-bit floats.
    Single,
    /// Instants as nanoseconds since 1970, exact for every year.
    Instant,
    /// Time of day as nanoseconds.
    TimeOfDay,
    /// The text that spells the value in one way; for columns that are not compared by order.
    Spelled(Spelling),
    /// What a person would see.
    Displayed,
    /// Text, but for what makes no difference.
    Text(TextRule),
    /// JSON by what it says; what is no JSON as it is.
    Json,
    /// UUIDs in lower case with hyphens, from text or from 16 bytes.
    Uuid,
    /// Instants or times of day, in whole units of so many nanoseconds.
    Whole(Box<Canonical>, i128),
}

/// What of text makes no difference.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TextRule {
    /// Blanks at the end, which a type of fixed length adds or takes away.
    pub(crate) padding: bool,
    /// White space at both ends.
    pub(crate) trim: bool,
    pub(crate) ignore_case: bool,
    pub(crate) unicode: Option<UnicodeForm>,
}

/// What the systems' own types say of a pair of columns that Arrow's types do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// One of them is JSON.
    json: bool,
    /// One of them is a UUID.
    uuid: bool,
    /// One of them is text of fixed length, filled up with blanks.
    padded: bool,
}

impl Meaning {
    /// From the types as the two systems spell them.
    pub(crate) fn of(left: &str, right: &str) -> Self {
        let either = |test: fn(&str) -> bool| [left, right].iter().any(|native| test(&native.to_ascii_lowercase()));
        Self {
            json: either(|native| native.starts_with("json")),
            uuid: either(|native| native == "uuid"),
            padded: either(|native| {
                let word = native.split('(').next().unwrap_or(native).trim();
                matches!(word, "char" | "character" | "bpchar" | "nchar")
            }),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Family {
    Null,
    Boolean,
    Integer,
    Decimal { integer_digits: u8, scale: i8 },
    Single,
    Double,
    Text,
    Bytes,
    Date,
    Timestamp,
    TimeOfDay,
    Other,
}

fn family(data_type: &DataType) -> Family {
    use DataType as T;
    match data_type {
        T::Null => Family::Null,
        T::Boolean => Family::Boolean,
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => Family::Integer,
        T::UInt64 => Family::Decimal { integer_digits: 20, scale: 0 },
        T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s) => {
            let digits = i16::from(*p) - i16::from(*s);
            Family::Decimal { integer_digits: u8::try_from(digits.max(0)).unwrap_or(76), scale: (*s).max(0) }
        }
        T::Float16 | T::Float32 => Family::Single,
        T::Float64 => Family::Double,
        T::Utf8 | T::LargeUtf8 | T::Utf8View => Family::Text,
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => Family::Bytes,
        T::Date32 | T::Date64 => Family::Date,
        T::Timestamp(..) => Family::Timestamp,
        T::Time32(_) | T::Time64(_) => Family::TimeOfDay,
        T::Dictionary(_, values) => family(values),
        _ => Family::Other,
    }
}

/// The type both sides are compared in as they are, with nothing to be converted: the usual case, and the quick one.
fn alike(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType as T;
    match (left, right) {
        (T::Timestamp(left, _), T::Timestamp(right, _)) if left == right => Some(T::Timestamp(*left, None)),
        (T::Decimal128(_, left), T::Decimal128(_, right)) if left == right => Some(T::Decimal128(38, *left)),
        (left, right) if left == right => {
            let plain =
                left.is_integer() || matches!(left, T::Boolean | T::Utf8 | T::Binary | T::Date32 | T::Decimal256(..));
            plain.then(|| left.clone())
        }
        _ => None,
    }
}

impl Canonical {
    /// The common form of two types; `ordered` where the order of the values matters too (a key), not only whether they are equal.
    ///
    /// # Errors
    /// `unsupported` where values of the two types never mean the same (a number and a date).
    pub(crate) fn of(column: &str, left: &DataType, right: &DataType, ordered: bool, meaning: Meaning) -> Result<Self> {
        use Family as F;
        let written = |data_type| matches!(family(data_type), F::Text | F::Bytes);
        if meaning.uuid && written(left) && written(right) {
            return Ok(Self::Uuid);
        }
        if family(left) == F::Text && family(right) == F::Text {
            if meaning.json && !ordered {
                return Ok(Self::Json);
            }
            if meaning.padded {
                return Ok(Self::Text(TextRule { padding: true, ..TextRule::default() }));
            }
        }
        if let Some(same) = alike(left, right) {
            return Ok(Self::Cast(same));
        }
        let (l, r) = (family(left), family(right));
        // The rules are symmetric: sort the pair so that each is written once.
        let either = |f: fn(F) -> bool| f(l) || f(r);
        let exact = |f: F| matches!(f, F::Boolean | F::Integer | F::Decimal { .. });
        let number = |f: F| exact(f) || matches!(f, F::Single | F::Double);
        let instant = |f: F| matches!(f, F::Date | F::Timestamp);
        let text = either(|f| f == F::Text);
        let other = if l == F::Text { r } else { l };
        let found = match (l, r) {
            (F::Null, F::Null) => Self::Cast(DataType::Boolean),
            (F::Null, _) => return Self::of(column, right, right, ordered, meaning),
            (_, F::Null) => return Self::of(column, left, left, ordered, meaning),
            (F::Text, F::Text) => Self::Cast(DataType::LargeUtf8),
            (F::Boolean, F::Boolean) => Self::Cast(DataType::Boolean),
            (F::TimeOfDay, F::TimeOfDay) => Self::TimeOfDay,
            (F::Other, _) | (_, F::Other) => Self::Displayed,
            _ if matches!((l, r), (F::Bytes, F::Bytes | F::Text) | (F::Text, F::Bytes)) => {
                Self::Cast(DataType::LargeBinary)
            }
            _ if number(l) && number(r) => Self::of_numbers(l, r),
            _ if instant(l) && instant(r) => Self::Instant,
            _ if text && other == F::Boolean && !ordered => Self::Spelled(Spelling::Boolean),
            _ if text && exact(other) && ordered => Self::Cast(DataType::Decimal256(76, 30)),
            _ if text && exact(other) => Self::Spelled(Spelling::Number),
            _ if text && number(other) && ordered => Self::Double,
            _ if text && number(other) => Self::Spelled(Spelling::Double),
            _ if text && instant(other) && ordered => Self::Instant,
            _ if text && instant(other) => Self::Spelled(Spelling::Instant),
            _ if text && other == F::TimeOfDay && ordered => Self::TimeOfDay,
            _ if text && other == F::TimeOfDay => Self::Spelled(Spelling::TimeOfDay),
            _ => {
                let message = format!("column `{column}` is {left} on the left and {right} on the right");
                return Err(Error::permanent(ErrorCode::Unsupported, message)
                    .hint("Compare queries that cast one of the two, or leave the column out of `columns`."));
            }
        };
        Ok(found)
    }

    fn of_numbers(left: Family, right: Family) -> Self {
        use Family as F;
        if left == F::Single || right == F::Single {
            return Self::Single;
        }
        if left == F::Double || right == F::Double {
            return Self::Double;
        }
        let size = |f| match f {
            F::Decimal { integer_digits, scale } => (integer_digits, scale),
            _ => (19, 0),
        };
        if !matches!(left, F::Decimal { .. }) && !matches!(right, F::Decimal { .. }) {
            return Self::Cast(DataType::Int64);
        }
        let ((left_digits, left_scale), (right_digits, right_scale)) = (size(left), size(right));
        let scale = left_scale.max(right_scale);
        let precision = i16::from(left_digits.max(right_digits)) + i16::from(scale);
        Self::Cast(if precision <= 38 { DataType::Decimal128(38, scale) } else { DataType::Decimal256(76, scale) })
    }

    /// The type of the columns that [`Canonical::apply`] makes.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Cast(data_type) => data_type.clone(),
            Self::Double => DataType::Float64,
            Self::Single => DataType::Float32,
            Self::Instant => DataType::Decimal128(38, 0),
            Self::TimeOfDay => DataType::Int64,
            Self::Spelled(_) | Self::Displayed | Self::Text(_) | Self::Json | Self::Uuid => DataType::Utf8,
            Self::Whole(inner, _) => inner.data_type(),
        }
    }

    /// Whether a tolerance makes sense.
    pub(crate) fn is_number(&self) -> bool {
        matches!(family(&self.data_type()), Family::Integer | Family::Decimal { .. } | Family::Single | Family::Double)
            && !matches!(self, Self::Instant | Self::TimeOfDay | Self::Whole(..))
            || matches!(self, Self::Spelled(Spelling::Number | Spelling::Double))
    }

    /// The form with that much leeway besides; none where the values are of no such kind.
    pub(crate) fn with(self, leeway: &Leeway) -> Option<Self> {
        let is_text = matches!(self, Self::Cast(DataType::Utf8 | DataType::LargeUtf8) | Self::Text(_));
        let timed = match &self {
            Self::Cast(DataType::Timestamp(..)) | Self::Instant => Some(Self::Instant),
            Self::TimeOfDay => Some(Self::TimeOfDay),
            _ => None,
        };
        match (leeway.of_text(), leeway.time) {
            (false, None) => Some(self),
            (true, None) if is_text => {
                let padding = matches!(self, Self::Text(TextRule { padding: true, .. }));
                let Leeway { trim, ignore_case, unicode, .. } = *leeway;
                Some(Self::Text(TextRule { padding, trim, ignore_case, unicode }))
            }
            (false, Some(unit)) => Some(Self::Whole(Box::new(timed?), unit.nanoseconds())),
            _ => None,
        }
    }

    /// What is to be said of such a comparison before it is made; nothing where it is exact.
    pub(crate) fn caveat(&self, left: &DataType, right: &DataType) -> Option<&'static str> {
        let (l, r) = (family(left), family(right));
        let zoned = |data_type: &DataType| matches!(data_type, DataType::Timestamp(_, Some(_)));
        match self {
            Self::Double | Self::Single if l != r => Some("compared at the precision of the float"),
            Self::Spelled(_) => Some("compared by the value that the text spells"),
            Self::Displayed => Some("compared as both are displayed"),
            Self::Json => Some("compared as JSON, by what it says"),
            Self::Cast(DataType::Timestamp(..)) | Self::Instant if zoned(left) != zoned(right) => {
                Some("the one without a zone is read as UTC")
            }
            _ => None,
        }
    }

    /// The column in its canonical form.
    ///
    /// # Errors
    /// `value_refused` where a value of a key cannot be read as what the other side's key is.
    pub(crate) fn apply(&self, column: &str, array: &ArrayRef) -> Result<ArrayRef> {
        if array.data_type() == &DataType::Null {
            return Ok(new_null_array(&self.data_type(), array.len()));
        }
        let array = &plain(array)?;
        match self {
            Self::Cast(data_type) => cast(column, array, data_type),
            Self::Double => {
                let floats = cast(column, array, &DataType::Float64)?;
                let floats = floats.as_primitive::<Float64Type>().iter();
                Ok(Arc::new(floats.map(|value| value.map(tidy)).collect::<Float64Array>()))
            }
            Self::Single => {
                let floats = cast(column, array, &DataType::Float32)?;
                let floats = floats.as_primitive::<Float32Type>().iter();
                // Adding zero turns -0 into 0; NaN has many bit patterns and needs one.
                let tidy = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
                Ok(Arc::new(floats.map(|value| value.map(tidy)).collect::<Float32Array>()))
            }
            Self::Instant => {
                let found = nanoseconds(column, array, parse_instant)?;
                let found = Decimal128Array::from(found).with_precision_and_scale(38, 0)?;
                Ok(Arc::new(found))
            }
            Self::TimeOfDay => {
                let found = nanoseconds(column, array, parse_time)?;
                let found = found.into_iter().map(|value| value.and_then(|value| i64::try_from(value).ok()));
                Ok(Arc::new(found.collect::<Int64Array>()))
            }
            Self::Spelled(spelling) => spelling.apply(array),
            Self::Displayed => Ok(Arc::new(display(array)?)),
            Self::Text(rule) => map_text(column, array, |text| rule.apply(text)),
            Self::Json => map_text(column, array, |text| spell_json(text).map_or(Cow::Borrowed(text), Cow::Owned)),
            Self::Uuid if family(array.data_type()) == Family::Bytes => {
                let bytes = cast(column, array, &DataType::LargeBinary)?;
                let texts = bytes
                    .as_binary::<i64>()
                    .iter()
                    .map(|bytes| bytes.map(|bytes| spell_uuid(&hex::encode(bytes)).into_owned()));
                Ok(Arc::new(texts.collect::<StringArray>()))
            }
            Self::Uuid => map_text(column, array, spell_uuid),
            Self::Whole(inner, unit) => {
                let exact = inner.apply(column, array)?;
                match inner.as_ref() {
                    Self::TimeOfDay => {
                        let unit = i64::try_from(*unit).expect("a day has fewer than 2^63 nanoseconds");
                        let times = exact.as_primitive::<Int64Type>();
                        Ok(Arc::new(times.unary::<_, Int64Type>(|value| value.div_euclid(unit))))
                    }
                    _ => {
                        let instants = exact.as_primitive::<Decimal128Type>();
                        let whole = instants.unary::<_, Decimal128Type>(|value| value.div_euclid(*unit));
                        Ok(Arc::new(whole.with_precision_and_scale(38, 0)?))
                    }
                }
            }
        }
    }
}

impl TextRule {
    fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(if self.padding { text.trim_end_matches(' ') } else { text });
        match self.unicode {
            Some(UnicodeForm::Nfc) => text = Cow::Owned(text.nfc().collect()),
            Some(UnicodeForm::Nfkc) => text = Cow::Owned(text.nfkc().collect()),
            None => {}
        }
        if self.ignore_case {
            text = Cow::Owned(text.to_lowercase());
        }
        if self.trim {
            text = Cow::Owned(text.trim().to_owned());
        }
        text
    }
}

fn map_text(column: &str, array: &ArrayRef, spell: impl Fn(&str) -> Cow<'_, str>) -> Result<ArrayRef> {
    let texts = cast(column, array, &DataType::LargeUtf8)?;
    let texts = texts.as_string::<i64>().iter();
    Ok(Arc::new(texts.map(|text| text.map(&spell)).collect::<StringArray>()))
}

fn tidy(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value + 0.0 }
}

/// Without dictionaries, and with instants in UTC, which arrow can cast and display without a table of time zones.
fn plain(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::Dictionary(_, values) => {
            plain(&cast_with_options(array, values, &CastOptions { safe: false, ..CastOptions::default() })?)
        }
        DataType::Timestamp(unit, Some(_)) => {
            let plain = DataType::Timestamp(*unit, None);
            Ok(retyped(array, &plain)?)
        }
        _ => Ok(array.clone()),
    }
}

/// The same values under another type of the same layout.
fn retyped(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let data = array.to_data().into_builder().data_type(to.clone());
    Ok(arrow::array::make_array(data.build()?))
}

fn cast(column: &str, array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    if let (DataType::Decimal128(_, from), DataType::Decimal128(38, scale)) = (array.data_type(), to)
        && from == scale
    {
        return retyped(array, to);
    }
    let via = match (array.data_type(), to) {
        // The kernel has no direct way from views and fixed sizes, or from text, to these.
        (DataType::Utf8View | DataType::LargeUtf8, DataType::Decimal256(..)) => Some(DataType::Utf8),
        (DataType::Boolean, DataType::Decimal128(..) | DataType::Decimal256(..)) => Some(DataType::Int64),
        (DataType::Utf8View, DataType::LargeBinary) => Some(DataType::LargeUtf8),
        (DataType::FixedSizeBinary(_), DataType::LargeBinary) => Some(DataType::Binary),
        _ => None,
    };
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let run = |array: &ArrayRef| match &via {
        Some(via) => cast_with_options(&cast_with_options(array, via, &options)?, to, &options),
        None => cast_with_options(array, to, &options),
    };
    run(array).map_err(|error| {
        let message = format!("column `{column}` cannot be compared as {to}: {error}");
        Error::permanent(ErrorCode::ValueRefused, message)
            .hint("Compare queries that cast the column to the same type on both sides.")
    })
}

/// Each value as a person would see it.
pub(crate) fn display(array: &ArrayRef) -> Result<StringArray> {
    let array = plain(array)?;
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
    let texts = (0..array.len()).map(|row| {
        if array.is_null(row) {
            return Ok(None);
        }
        formatter.value(row).try_to_string().map(Some)
    });
    Ok(texts.collect::<std::result::Result<_, _>>()?)
}

/// Dates, timestamps and times as nanoseconds; text as `parse` reads it.
fn nanoseconds(column: &str, array: &ArrayRef, parse: fn(&str) -> Option<i128>) -> Result<Vec<Option<i128>>> {
    const DAY: i128 = 86_400_000_000_000;
    let scaled = |factor: i128| -> Result<Vec<Option<i128>>> {
        let integers = cast(column, array, &DataType::Int64)?;
        Ok(integers.as_primitive::<Int64Type>().iter().map(|value| value.map(|v| i128::from(v) * factor)).collect())
    };
    let by_unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    match array.data_type() {
        DataType::Date32 => {
            let days = cast(column, array, &DataType::Int32)?;
            let days = cast(column, &days, &DataType::Int64)?;
            Ok(days.as_primitive::<Int64Type>().iter().map(|value| value.map(|v| i128::from(v) * DAY)).collect())
        }
        DataType::Date64 => scaled(1_000_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Ok(array.as_primitive::<TimestampNanosecondType>().iter().map(|value| value.map(i128::from)).collect())
        }
        DataType::Timestamp(unit, _) | DataType::Time64(unit) => scaled(by_unit(unit)),
        DataType::Time32(unit) => {
            let factor = by_unit(unit);
            let integers = cast(column, &cast(column, array, &DataType::Int32)?, &DataType::Int64)?;
            let integers = integers.as_primitive::<Int64Type>().iter();
            Ok(integers.map(|value| value.map(|v| i128::from(v) * factor)).collect())
        }
        _ => display(array)?.iter().map(|text| text.map(|text| read(column, text, parse)).transpose()).collect(),
    }
}

#[cfg(test)]
mod tests;
