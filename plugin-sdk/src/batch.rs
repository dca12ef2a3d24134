//! Batches without an Arrow crate: builders that write Arrow buffers and views that read them.
//!
//! The layout is that of `wit/0.1`: little-endian, starting at row 0, one validity bitmap, 32-bit offsets.

use crate::bindings::sluice::plugin::types as wit;

pub use wit::{Batch, Column, Field, Schema};

/// The types that [`ColumnBuilder`] and [`ColumnView`] know; a field's `format` may name others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataType {
    /// True or false.
    Boolean,
    /// 64-bit integers.
    Int64,
    /// 64-bit floating point numbers.
    Float64,
    /// Text.
    Utf8,
    /// Bytes.
    Binary,
    /// Days since 1970-01-01.
    Date32,
    /// Microseconds since 1970-01-01T00:00:00Z.
    TimestampMicros,
}

impl DataType {
    /// The format string of a [`Field`].
    #[must_use]
    pub fn format(self) -> &'static str {
        match self {
            Self::Boolean => "b",
            Self::Int64 => "l",
            Self::Float64 => "g",
            Self::Utf8 => "u",
            Self::Binary => "z",
            Self::Date32 => "tdD",
            Self::TimestampMicros => "tsu:UTC",
        }
    }

    /// The type of a format string, where it is one of these.
    #[must_use]
    pub fn of_format(format: &str) -> Option<Self> {
        Some(match format {
            "b" => Self::Boolean,
            "l" => Self::Int64,
            "g" => Self::Float64,
            "u" => Self::Utf8,
            "z" => Self::Binary,
            "tdD" => Self::Date32,
            "tsu:UTC" => Self::TimestampMicros,
            _ => return None,
        })
    }
}

impl Field {
    /// A column that may hold nulls.
    #[must_use]
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), format: data_type.format().to_owned(), nullable: true, metadata: Vec::new() }
    }
}

impl Schema {
    /// A schema of these columns.
    #[must_use]
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields, metadata: Vec::new() }
    }
}

impl Batch {
    /// A batch of finished columns.
    ///
    /// # Panics
    /// When the columns differ in length: a mistake of the plugin.
    #[must_use]
    pub fn from_builders(builders: Vec<ColumnBuilder>) -> Self {
        let rows = builders.first().map_or(0, ColumnBuilder::rows);
        assert!(builders.iter().all(|builder| builder.rows() == rows), "columns of a batch have equal length");
        let columns = builders.into_iter().map(ColumnBuilder::finish).collect();
        Self { rows: u32::try_from(rows).expect("a batch has at most 1,048,576 rows"), columns }
    }

    /// A view of the column at `index`, whose field is `field`; none where it is of a type that views do not know.
    #[must_use]
    pub fn view<'a>(&'a self, index: usize, field: &Field) -> Option<ColumnView<'a>> {
        let data_type = DataType::of_format(&field.format)?;
        let column = self.columns.get(index)?;
        Some(ColumnView { data_type, column, rows: self.rows as usize })
    }
}

/// Collects the values of one column.
#[derive(Debug, Clone)]
pub struct ColumnBuilder {
    data_type: DataType,
    rows: usize,
    nulls: usize,
    validity: Vec<u8>,
    offsets: Vec<u8>,
    values: Vec<u8>,
}

impl ColumnBuilder {
    /// An empty column.
    #[must_use]
    pub fn new(data_type: DataType) -> Self {
        let variable = matches!(data_type, DataType::Utf8 | DataType::Binary);
        let offsets = if variable { 0_i32.to_le_bytes().to_vec() } else { Vec::new() };
        Self { data_type, rows: 0, nulls: 0, validity: Vec::new(), offsets, values: Vec::new() }
    }

    /// How many values it has, nulls counted.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many bytes its values take so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.len()
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        match self.data_type {
            DataType::Boolean => set_bit(&mut self.values, self.rows, false),
            DataType::Int64 | DataType::Float64 | DataType::TimestampMicros => self.values.extend_from_slice(&[0; 8]),
            DataType::Date32 => self.values.extend_from_slice(&[0; 4]),
            DataType::Utf8 | DataType::Binary => self.end_value(),
        }
        self.nulls += 1;
        set_bit(&mut self.validity, self.rows, false);
        self.rows += 1;
    }

    /// Adds a text.
    pub fn push_str(&mut self, value: &str) {
        self.expect(DataType::Utf8);
        self.values.extend_from_slice(value.as_bytes());
        self.end_value();
        self.present();
    }

    /// Adds bytes.
    pub fn push_bytes(&mut self, value: &[u8]) {
        self.expect(DataType::Binary);
        self.values.extend_from_slice(value);
        self.end_value();
        self.present();
    }

    /// Adds an integer.
    pub fn push_i64(&mut self, value: i64) {
        self.expect(DataType::Int64);
        self.values.extend_from_slice(&value.to_le_bytes());
        self.present();
    }

    /// Adds a number.
    pub fn push_f64(&mut self, value: f64) {
        self.expect(DataType::Float64);
        self.values.extend_from_slice(&value.to_le_bytes());
        self.present();
    }

    /// Adds a truth value.
    pub fn push_bool(&mut self, value: bool) {
        self.expect(DataType::Boolean);
        set_bit(&mut self.values, self.rows, value);
        self.present();
    }

    /// Adds a date, in days since 1970-01-01.
    pub fn push_date(&mut self, days: i32) {
        self.expect(DataType::Date32);
        self.values.extend_from_slice(&days.to_le_bytes());
        self.present();
    }

    /// Adds a moment, in microseconds since 1970-01-01T00:00:00Z.
    pub fn push_timestamp(&mut self, micros: i64) {
        self.expect(DataType::TimestampMicros);
        self.values.extend_from_slice(&micros.to_le_bytes());
        self.present();
    }

    /// The finished column.
    #[must_use]
    pub fn finish(self) -> Column {
        let validity = if self.nulls == 0 { Vec::new() } else { self.validity };
        Column { validity, offsets: self.offsets, values: self.values }
    }

    fn expect(&self, data_type: DataType) {
        assert!(self.data_type == data_type, "a {:?} column takes no {data_type:?} value", self.data_type);
    }

    fn end_value(&mut self) {
        let end = i32::try_from(self.values.len()).expect("a column of a batch holds at most 2 GiB");
        self.offsets.extend_from_slice(&end.to_le_bytes());
    }

    fn present(&mut self) {
        set_bit(&mut self.validity, self.rows, true);
        self.rows += 1;
    }
}

/// Reads the values of one column. Methods answer `None` for nulls, and for rows or types that are not there.
#[derive(Debug, Clone, Copy)]
pub struct ColumnView<'a> {
    data_type: DataType,
    column: &'a Column,
    rows: usize,
}

impl<'a> ColumnView<'a> {
    /// Whether the row is null.
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        row >= self.rows || (!self.column.validity.is_empty() && !bit(&self.column.validity, row))
    }

    /// The text in that row.
    #[must_use]
    pub fn str(&self, row: usize) -> Option<&'a str> {
        (self.data_type == DataType::Utf8).then(|| self.cut(row)).flatten().and_then(|it| std::str::from_utf8(it).ok())
    }

    /// The bytes in that row.
    #[must_use]
    pub fn bytes(&self, row: usize) -> Option<&'a [u8]> {
        (self.data_type == DataType::Binary).then(|| self.cut(row)).flatten()
    }

    /// The integer in that row.
    #[must_use]
    pub fn i64(&self, row: usize) -> Option<i64> {
        (self.data_type == DataType::Int64).then(|| self.fixed(row)).flatten().map(i64::from_le_bytes)
    }

    /// The number in that row.
    #[must_use]
    pub fn f64(&self, row: usize) -> Option<f64> {
        (self.data_type == DataType::Float64).then(|| self.fixed(row)).flatten().map(f64::from_le_bytes)
    }

    /// The truth value in that row.
    #[must_use]
    pub fn bool(&self, row: usize) -> Option<bool> {
        (self.data_type == DataType::Boolean && !self.is_null(row)).then(|| bit(&self.column.values, row))
    }

    /// The date in that row, in days since 1970-01-01.
    #[must_use]
    pub fn date(&self, row: usize) -> Option<i32> {
        (self.data_type == DataType::Date32).then(|| self.fixed(row)).flatten().map(i32::from_le_bytes)
    }

    /// The moment in that row, in microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn timestamp(&self, row: usize) -> Option<i64> {
        (self.data_type == DataType::TimestampMicros).then(|| self.fixed(row)).flatten().map(i64::from_le_bytes)
    }

    fn fixed<const N: usize>(&self, row: usize) -> Option<[u8; N]> {
        if self.is_null(row) {
            return None;
        }
        self.column.values.get(row * N..(row + 1) * N)?.try_into().ok()
    }

    fn cut(&self, row: usize) -> Option<&'a [u8]> {
        if self.is_null(row) {
            return None;
        }
        let offset = |index: usize| {
            let bytes = self.column.offsets.get(index * 4..index * 4 + 4)?.try_into().ok()?;
            usize::try_from(i32::from_le_bytes(bytes)).ok()
        };
        self.column.values.get(offset(row)?..offset(row + 1)?)
    }
}

fn set_bit(bits: &mut Vec<u8>, index: usize, value: bool) {
    if index.is_multiple_of(8) {
        bits.push(0);
    }
    if value {
        bits[index / 8] |= 1 << (index % 8);
    }
}

fn bit(bits: &[u8], index: usize) -> bool {
    bits.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_builder_wrote_a_view_reads() {
        let mut text = ColumnBuilder::new(DataType::Utf8);
        let mut number = ColumnBuilder::new(DataType::Int64);
        let mut truth = ColumnBuilder::new(DataType::Boolean);
        for row in 0..20 {
            if row % 3 == 0 {
                text.push_null();
                number.push_null();
                truth.push_null();
            } else {
                text.push_str(&"ü".repeat(row));
                number.push_i64(row as i64 - 10);
                truth.push_bool(row % 2 == 0);
            }
        }
        let batch = Batch::from_builders(vec![text, number, truth]);
        let fields = [
            Field::new("text", DataType::Utf8),
            Field::new("number", DataType::Int64),
            Field::new("truth", DataType::Boolean),
        ];
        let view = |index: usize| batch.view(index, &fields[index]).expect("a known type");
        for row in 0..20 {
            let present = row % 3 != 0;
            assert_eq!(view(0).str(row), present.then(|| "ü".repeat(row)).as_deref());
            assert_eq!(view(1).i64(row), present.then_some(row as i64 - 10));
            assert_eq!(view(2).bool(row), present.then_some(row % 2 == 0));
        }
        assert_eq!(view(0).str(20), None);
        assert_eq!(view(0).i64(1), None, "a view answers for its own type only");
    }

    #[test]
    fn a_column_without_nulls_has_no_bitmap() {
        let mut number = ColumnBuilder::new(DataType::Float64);
        number.push_f64(1.5);
        assert!(number.finish().validity.is_empty());
    }

    #[test]
    fn an_empty_text_column_still_has_its_first_offset() {
        let column = ColumnBuilder::new(DataType::Utf8).finish();
        assert_eq!(column.offsets, 0_i32.to_le_bytes());
    }
}
