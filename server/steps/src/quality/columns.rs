//! Which column is what, and its values as numbers and days whatever their type.

use super::calendar;
use crate::classify::names::{Role, read, words_of};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use data::{Error, Result};
use model::{ErrorCode, nearest};
use std::collections::BTreeMap;

/// What a column may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Field {
    Code,
    Date,
    Time,
    Open,
    High,
    Low,
    Close,
    Last,
    PreClose,
    Volume,
    Amount,
    Change,
    PctChg,
    AdjFactor,
    Bid1,
    Ask1,
    Name,
    Index,
    Weight,
    OrderId,
    Quantity,
    FilledQuantity,
    Status,
    Balance,
    Account,
}

/// Every field with the word that settings call it by.
pub(super) const FIELDS: [(Field, &str); 25] = [
    (Field::Code, "code"),
    (Field::Date, "date"),
    (Field::Time, "time"),
    (Field::Open, "open"),
    (Field::High, "high"),
    (Field::Low, "low"),
    (Field::Close, "close"),
    (Field::Last, "last"),
    (Field::PreClose, "pre_close"),
    (Field::Volume, "volume"),
    (Field::Amount, "amount"),
    (Field::Change, "change"),
    (Field::PctChg, "pct_chg"),
    (Field::AdjFactor, "adj_factor"),
    (Field::Bid1, "bid1"),
    (Field::Ask1, "ask1"),
    (Field::Name, "name"),
    (Field::Index, "index"),
    (Field::Weight, "weight"),
    (Field::OrderId, "order_id"),
    (Field::Quantity, "qty"),
    (Field::FilledQuantity, "filled_qty"),
    (Field::Status, "status"),
    (Field::Balance, "balance"),
    (Field::Account, "account"),
];

/// Fields whose values are numbers.
pub(super) const NUMBERS: [Field; 17] = [
    Field::Open,
    Field::High,
    Field::Low,
    Field::Close,
    Field::Last,
    Field::PreClose,
    Field::Volume,
    Field::Amount,
    Field::Change,
    Field::PctChg,
    Field::AdjFactor,
    Field::Bid1,
    Field::Ask1,
    Field::Weight,
    Field::Quantity,
    Field::FilledQuantity,
    Field::Balance,
];

/// Further fields whose values are text.
const TEXTS: [Field; 4] = [Field::Index, Field::OrderId, Field::Status, Field::Account];

impl Field {
    pub(super) fn word(self) -> &'static str {
        FIELDS.iter().find(|(field, _)| *field == self).map_or("", |(_, word)| *word)
    }
}

/// The columns of a table by what they are for.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns(BTreeMap<Field, (usize, String)>);

impl Columns {
    /// The columns that settings name, and for the rest those whose names say what they are for.
    pub(super) fn find(named: &BTreeMap<String, String>, schema: &Schema) -> Result<Self> {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut columns = BTreeMap::new();
        for (word, name) in named {
            let Some((field, _)) = FIELDS.iter().find(|(_, known)| known == word) else { continue };
            let Some(index) = names.iter().position(|known| known == name) else {
                let error = Error::permanent(
                    ErrorCode::ColumnNotFound,
                    format!("`columns.{word}` names column `{name}`, which the rows lack"),
                );
                return Err(match nearest(name, names.iter().copied()) {
                    Some(near) => error.hint(format!("Did you mean `{near}`?")),
                    None => error.hint(format!("The rows have `{}`.", names[..names.len().min(20)].join("`, `"))),
                });
            };
            columns.insert(*field, (index, name.clone()));
        }
        for (index, name) in names.iter().enumerate() {
            if let Some(field) = guess(name)
                && !columns.values().any(|(taken, _)| *taken == index)
            {
                columns.entry(field).or_insert((index, (*name).to_owned()));
            }
        }
        let lacking: Vec<&str> =
            [Field::Code].into_iter().filter(|field| !columns.contains_key(field)).map(Field::word).collect();
        let has_day = columns.contains_key(&Field::Date) || columns.contains_key(&Field::Time);
        if !lacking.is_empty() || !has_day {
            let what = if lacking.is_empty() { "a date or time" } else { "a code" };
            return Err(Error::permanent(
                ErrorCode::ColumnNotFound,
                format!("no column says what {what} is among `{}`", names[..names.len().min(20)].join("`, `")),
            )
            .hint("Name it: `columns: { code: symbol, date: trade_date }`."));
        }
        Ok(Self(columns))
    }

    /// The name of a field's column.
    pub(super) fn name(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(|(_, name)| name.as_str())
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.0.contains_key(&field)
    }

    fn array<'a>(&self, field: Field, records: &'a RecordBatch) -> Option<&'a ArrayRef> {
        self.0.get(&field).map(|(index, _)| records.column(*index))
    }

    /// The columns by which rows are put in order.
    pub(super) fn order(&self) -> Vec<String> {
        let fields = [Field::Code, Field::Date, Field::Time];
        fields.into_iter().filter_map(|field| self.name(field)).map(ToOwned::to_owned).collect()
    }
}

/// What a column's name says that it is for.
fn guess(name: &str) -> Option<Field> {
    let squashed = words_of(name).concat();
    match squashed.as_str() {
        "pctchg" | "changepct" | "chgpct" | "pctchange" | "涨跌幅" => return Some(Field::PctChg),
        "change" | "chg" | "涨跌" | "涨跌额" => return Some(Field::Change),
        "weight" | "权重" => return Some(Field::Weight),
        "filledqty" | "cumqty" | "tradedqty" | "成交数量" => return Some(Field::FilledQuantity),
        "frozen" | "冻结" | "冻结资金" => return None,
        _ => {}
    }
    let is_first_level = squashed.contains('1') || squashed.contains('一');
    match read(name).role? {
        Role::Code | Role::MemberCode => Some(Field::Code),
        Role::IndexCode => Some(Field::Index),
        Role::OrderId => Some(Field::OrderId),
        Role::Quantity => Some(Field::Quantity),
        Role::Status => Some(Field::Status),
        Role::Balance => Some(Field::Balance),
        Role::Account => Some(Field::Account),
        Role::Name => Some(Field::Name),
        Role::Date => Some(Field::Date),
        Role::Time => Some(Field::Time),
        Role::Open => Some(Field::Open),
        Role::High => Some(Field::High),
        Role::Low => Some(Field::Low),
        Role::Close => Some(Field::Close),
        Role::Price => Some(Field::Last),
        Role::PreClose => Some(Field::PreClose),
        Role::Volume => Some(Field::Volume),
        Role::Amount => Some(Field::Amount),
        Role::AdjustFactor => Some(Field::AdjFactor),
        Role::Bid if is_first_level => Some(Field::Bid1),
        Role::Ask if is_first_level => Some(Field::Ask1),
        _ => None,
    }
}

/// One batch, its fields ready to be read row by row.
pub(super) struct Values {
    pub(super) records: RecordBatch,
    codes: StringArray,
    names: Option<StringArray>,
    days: Int32Array,
    micros: Option<Int64Array>,
    numbers: BTreeMap<Field, Float64Array>,
    texts: BTreeMap<Field, StringArray>,
    /// Values that are there but are no number, and in which field.
    pub(super) unreadable: Vec<(usize, Field, String)>,
}

impl Values {
    /// The fields of a batch; moments with a time zone become local ones by `offset` microseconds.
    pub(super) fn of(columns: &Columns, records: RecordBatch, offset: i64) -> Result<Self> {
        let text = |field| -> Result<Option<StringArray>> {
            let Some(array) = columns.array(field, &records) else { return Ok(None) };
            Ok(Some(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()))
        };
        let codes = text(Field::Code)?.unwrap_or_else(|| StringArray::new_null(records.num_rows()));
        let micros = match columns.array(Field::Time, &records) {
            Some(array) => Some(moments(array, offset)?),
            None => None,
        };
        let days = match (columns.array(Field::Date, &records), &micros) {
            (Some(array), _) => days(array, offset)?,
            (None, Some(micros)) => micros.iter().map(|micros| micros.and_then(day_of_micros)).collect(),
            (None, None) => Int32Array::new_null(records.num_rows()),
        };
        // A column of times of day takes its day from the date beside it.
        let is_of_day = columns
            .array(Field::Time, &records)
            .is_some_and(|array| matches!(array.data_type(), DataType::Time32(_) | DataType::Time64(_)));
        let micros = match micros {
            Some(micros) if is_of_day => {
                let both = micros.iter().zip(days.iter());
                Some(both.map(|(time, day)| Some(time? + i64::from(day?) * MICROS_A_DAY)).collect())
            }
            other => other,
        };
        let mut numbers = BTreeMap::new();
        let mut unreadable = Vec::new();
        for field in NUMBERS {
            let Some(array) = columns.array(field, &records) else { continue };
            let safe = CastOptions { safe: true, ..CastOptions::default() };
            let read = cast_with_options(array, &DataType::Float64, &safe).map_err(|_| {
                Error::permanent(
                    ErrorCode::ValueRefused,
                    format!(
                        "column `{}` is of type `{}`, and its values are no numbers",
                        columns.name(field).unwrap_or_default(),
                        array.data_type()
                    ),
                )
                .hint(format!("Name another column: `columns: {{ {}: … }}`.", field.word()))
            })?;
            if read.null_count() > array.null_count() {
                let texts = cast(array, &DataType::Utf8)?;
                let texts = texts.as_string::<i32>();
                let lost = (0..records.num_rows()).filter(|row| read.is_null(*row) && array.is_valid(*row));
                unreadable.extend(lost.map(|row| (row, field, texts.value(row).chars().take(60).collect())));
            }
            numbers.insert(field, read.as_primitive::<Float64Type>().clone());
        }
        let names = text(Field::Name)?;
        let mut texts = BTreeMap::new();
        for field in TEXTS {
            if let Some(array) = text(field)? {
                texts.insert(field, array);
            }
        }
        Ok(Self { texts, codes, names, days, micros, numbers, unreadable, records })
    }

    pub(super) fn code(&self, row: usize) -> Option<&str> {
        (self.codes.is_valid(row) && !self.codes.value(row).is_empty()).then(|| self.codes.value(row))
    }

    pub(super) fn name(&self, row: usize) -> Option<&str> {
        self.names.as_ref().filter(|names| names.is_valid(row)).map(|names| names.value(row))
    }

    /// A text of one of the further fields.
    pub(super) fn text(&self, field: Field, row: usize) -> Option<&str> {
        self.texts.get(&field).filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row))
    }

    pub(super) fn day(&self, row: usize) -> Option<i32> {
        self.days.is_valid(row).then(|| self.days.value(row))
    }

    /// Local microseconds since 1970.
    pub(super) fn micros(&self, row: usize) -> Option<i64> {
        self.micros.as_ref().filter(|micros| micros.is_valid(row)).map(|micros| micros.value(row))
    }

    /// A number that is there; NaN and infinity are no numbers.
    pub(super) fn number(&self, field: Field, row: usize) -> Option<f64> {
        let values = self.numbers.get(&field)?;
        values.is_valid(row).then(|| values.value(row)).filter(|value| value.is_finite())
    }
}

pub(super) const MICROS_A_DAY: i64 = 86_400_000_000;

/// The day of local microseconds.
pub(super) fn day_of_micros(micros: i64) -> Option<i32> {
    i32::try_from(micros.div_euclid(MICROS_A_DAY)).ok()
}

pub(super) fn days(array: &ArrayRef, offset: i64) -> Result<Int32Array> {
    Ok(match array.data_type() {
        DataType::Timestamp(..) => {
            moments(array, offset)?.iter().map(|micros| micros.and_then(day_of_micros)).collect()
        }
        kind if kind.is_integer() => {
            let numbers = cast(array, &DataType::Int64)?;
            numbers.as_primitive::<Int64Type>().iter().map(|number| day_of_digits(&number?.to_string())).collect()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let texts = cast(array, &DataType::Utf8)?;
            texts.as_string::<i32>().iter().map(|text| day_of_text(text?)).collect()
        }
        _ => {
            let days = cast(array, &DataType::Date32)?;
            days.as_primitive::<arrow::datatypes::Date32Type>().iter().collect()
        }
    })
}

/// `20240131`.
fn day_of_digits(text: &str) -> Option<i32> {
    let is_day = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let date = is_day.then(|| chrono::NaiveDate::parse_from_str(text, "%Y%m%d").ok())??;
    Some(calendar::day_of(date))
}

/// `2024-01-31`, `2024/01/31`, `20240131`, and moments that begin so.
pub(super) fn day_of_text(text: &str) -> Option<i32> {
    let text = text.trim();
    day_of_digits(text).or_else(|| {
        let day = text.get(..10)?.replace('/', "-");
        day.parse().ok().map(calendar::day_of)
    })
}

/// Local microseconds since 1970, or since midnight for times of day.
fn moments(array: &ArrayRef, offset: i64) -> Result<Int64Array> {
    let safe = CastOptions { safe: true, ..CastOptions::default() };
    Ok(match array.data_type() {
        DataType::Timestamp(unit, zone) => {
            // The bare numbers: UTC where there is a zone, local time where there is none.
            let numbers = cast(array, &DataType::Int64)?;
            let shift = if zone.is_some() { offset } else { 0 };
            let micros = |number: i64| match unit {
                TimeUnit::Second => number.checked_mul(1_000_000),
                TimeUnit::Millisecond => number.checked_mul(1_000),
                TimeUnit::Microsecond => Some(number),
                TimeUnit::Nanosecond => Some(number.div_euclid(1_000)),
            };
            numbers.as_primitive::<Int64Type>().iter().map(|number| micros(number?)?.checked_add(shift)).collect()
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let times = cast(array, &DataType::Time64(TimeUnit::Microsecond))?;
            times.as_primitive::<arrow::datatypes::Time64MicrosecondType>().iter().collect()
        }
        kind if kind.is_integer() => {
            let numbers = cast(array, &DataType::Int64)?;
            numbers.as_primitive::<Int64Type>().iter().map(|number| micros_of_epoch(number?, offset)).collect()
        }
        _ => {
            let texts = cast(array, &DataType::Utf8)?;
            let moments = DataType::Timestamp(TimeUnit::Microsecond, None);
            let read = cast_with_options(&texts, &moments, &safe)?;
            read.as_primitive::<TimestampMicrosecondType>().iter().collect()
        }
    })
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size.
fn micros_of_epoch(number: i64, offset: i64) -> Option<i64> {
    let micros = match number.unsigned_abs() {
        0..100_000_000_000 => number.checked_mul(1_000_000)?,
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000)?,
        100_000_000_000_000..100_000_000_000_000_000 => number,
        _ => number / 1_000,
    };
    micros.checked_add(offset)
}
