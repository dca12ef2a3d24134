//! What the values of a table's first rows say: how each column looks, and whether rows are bars.

use super::names::{self, Role};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;

/// How many rows are looked at.
const LOOKED_AT: usize = 2000;

static CODES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(\d{6}|\d{6}\.(SH|SZ|BJ|XSHG|XSHE)|(sh|sz|bj)\.?\d{6}|[A-Za-z]{1,3}\d{3,4}(\.[A-Z]{2,4})?|\d{5}(\.HK)?|[A-Z.]{1,6})$",
    )
    .expect("a constant pattern")
});

/// A table as far as its name, columns and first rows tell.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name; here the lane's.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How many rows were looked at.
    pub rows: usize,
    /// Whether code and date or time (or the day alone, where there is no code) never repeat together; none: unknown.
    pub key_is_unique: Option<bool>,
    /// The share of rows with low ≤ open, close ≤ high, where all four are there.
    pub bars_hold: Option<f64>,
    /// Whether the volume never falls within a code, and rises; none: unknown.
    pub volume_accumulates: Option<bool>,
}

/// A column as far as its name and first values tell.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What the name says.
    pub role: Option<Role>,
    /// Whether the name says that prices are adjusted.
    pub adjusted: bool,
    /// Whether it holds numbers.
    pub numeric: bool,
    /// Whether no two values are the same and none is missing; none: unknown.
    pub unique: Option<bool>,
    /// The share of values that look like an instrument's code; none: unknown.
    pub looks_like_codes: Option<f64>,
    /// Whether some values tell seconds; none: unknown or no times.
    pub tells_seconds: Option<bool>,
}

impl Table {
    /// Looks at the first rows of `records`.
    #[must_use]
    pub fn look_at(name: &str, records: &RecordBatch) -> Self {
        let records = records.slice(0, records.num_rows().min(LOOKED_AT));
        let rows = records.num_rows();
        let schema = records.schema();
        let columns: Vec<_> = schema
            .fields()
            .iter()
            .zip(records.columns())
            .map(|(field, array)| Column::look_at(field.name(), array))
            .collect();
        let mut table = Self {
            name: name.to_owned(),
            columns,
            rows,
            key_is_unique: None,
            bars_hold: None,
            volume_accumulates: None,
        };
        if rows > 1 {
            table.key_is_unique = table.find_key(&records);
            table.bars_hold = table.find_bars(&records);
            table.volume_accumulates = table.find_accumulation(&records);
        }
        table
    }

    /// The first column of that role.
    #[must_use]
    pub fn find(&self, role: Role) -> Option<&Column> {
        self.columns.iter().find(|column| column.role == Some(role))
    }

    /// Whether there is a column of that role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.find(role).is_some()
    }

    /// How many columns have that role.
    #[must_use]
    pub fn count(&self, role: Role) -> usize {
        self.columns.iter().filter(|column| column.role == Some(role)).count()
    }

    fn position(&self, role: Role) -> Option<usize> {
        self.columns.iter().position(|column| column.role == Some(role))
    }

    fn find_key(&self, records: &RecordBatch) -> Option<bool> {
        let code = self.position(Role::Code);
        let when = [self.position(Role::Date), self.position(Role::Time)];
        let columns: Vec<_> = code.into_iter().chain(when.into_iter().flatten()).collect();
        if when == [None, None] {
            return None;
        }
        let texts: Vec<_> = columns.iter().filter_map(|index| as_text(records.column(*index))).collect();
        let mut seen = HashSet::new();
        Some(
            (0..records.num_rows())
                .all(|row| seen.insert(texts.iter().map(|text| text.value(row)).collect::<Vec<_>>().join("\u{1f}"))),
        )
    }

    fn numbers(&self, records: &RecordBatch, role: Role) -> Option<arrow::array::Float64Array> {
        let array = cast(records.column(self.position(role)?), &DataType::Float64).ok()?;
        Some(array.as_primitive::<Float64Type>().clone())
    }

    fn find_bars(&self, records: &RecordBatch) -> Option<f64> {
        let [open, high, low, close] =
            [Role::Open, Role::High, Role::Low, Role::Close].map(|role| self.numbers(records, role));
        let (open, high, low, close) = (open?, high?, low?, close?);
        let (mut total, mut good) = (0_u32, 0_u32);
        for row in 0..records.num_rows() {
            if [&open, &high, &low, &close].iter().any(|prices| prices.is_null(row)) {
                continue;
            }
            let (first, last) = (open.value(row), close.value(row));
            total += 1;
            good += u32::from(first.max(last) <= high.value(row) && first.min(last) >= low.value(row));
        }
        (total > 0).then(|| f64::from(good) / f64::from(total))
    }

    /// Only tables that tell seconds are asked: a daily volume that happens to grow means nothing.
    fn find_accumulation(&self, records: &RecordBatch) -> Option<bool> {
        if self.find(Role::Time)?.tells_seconds != Some(true)
            || self.position(Role::Code).is_some_and(|index| {
                as_text(records.column(index)).is_some_and(|codes| codes.iter().collect::<HashSet<_>>().len() > 1)
            })
        {
            return None;
        }
        let volumes: Vec<f64> = self.numbers(records, Role::Volume)?.iter().flatten().collect();
        let never_falls = volumes.windows(2).all(|pair| pair[0] <= pair[1]);
        (volumes.len() > 2).then(|| never_falls && volumes.first() < volumes.last())
    }
}

impl Column {
    fn look_at(name: &str, array: &ArrayRef) -> Self {
        let names::Reading { role, adjusted } = names::read(name);
        let mut column = Self {
            name: name.to_owned(),
            role,
            adjusted,
            numeric: array.data_type().is_numeric(),
            unique: None,
            looks_like_codes: None,
            tells_seconds: None,
        };
        let Some(texts) = as_text(array).filter(|texts| texts.len() > 1) else { return column };
        let values: Vec<&str> = texts.iter().flatten().collect();
        let distinct: HashSet<&str> = values.iter().copied().collect();
        column.unique = Some(values.len() == texts.len() && distinct.len() == values.len());
        if !values.is_empty() {
            let codes = values.iter().filter(|value| CODES.is_match(value)).count();
            column.looks_like_codes = Some(codes as f64 / values.len() as f64);
        }
        if matches!(role, Some(Role::Time | Role::Date)) && values.iter().any(|value| value.contains(':')) {
            let seconds = values.iter().any(|value| {
                let tail = value.rsplit(':').next().unwrap_or_default();
                value.matches(':').count() >= 2 && !tail.trim_end_matches(['Z', '0', '.']).is_empty()
            });
            column.tells_seconds = Some(seconds);
        }
        column
    }
}

fn as_text(array: &ArrayRef) -> Option<arrow::array::StringArray> {
    // Named zones need a table that is not compiled in; the wall clock of UTC tells as much about seconds and repeats.
    let array = match array.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let data = array.to_data().into_builder().data_type(DataType::Timestamp(*unit, None)).build().ok()?;
            arrow::array::make_array(data)
        }
        _ => array.clone(),
    };
    Some(cast(&array, &DataType::Utf8).ok()?.as_string::<i32>().clone())
}
