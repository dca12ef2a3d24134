//! Whether a column says the same again and again (a8): one value throughout, or in too large a share of rows.
//!
//! Counts are kept of a few values only (Misra and Gries): what is counted is never more than what was there, and a value
//! of more than a 32nd of all rows is among them.

use super::columns::{Columns, Field, Values};
use super::tally::{Broken, Tally};
use std::collections::HashMap;

/// Columns that are looked at: an adjust factor is the same for years, quantities of orders are round.
const LOOKED_AT: [Field; 12] = [
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
    Field::Bid1,
    Field::Ask1,
];
/// Values that are counted at a time.
const KEPT: usize = 31;
/// Rows without which a column is not judged.
const FEWEST: u64 = 100;

#[derive(Debug, Default)]
struct Column {
    rows: u64,
    first: f64,
    is_constant: bool,
    counts: HashMap<u64, u64>,
}

/// Counts of every column of numbers.
#[derive(Debug, Default)]
pub(super) struct Repeats([Column; LOOKED_AT.len()]);

impl Repeats {
    pub(super) fn take(&mut self, values: &Values, row: usize) {
        for (field, column) in LOOKED_AT.iter().zip(&mut self.0) {
            if let Some(value) = values.number(*field, row) {
                column.take(value);
            }
        }
    }

    pub(super) fn finish(&mut self, columns: &Columns, most: f64, tally: &mut Tally) {
        let mut judged = 0;
        for (field, column) in LOOKED_AT.iter().zip(&self.0) {
            let Some(name) = columns.name(*field).filter(|_| column.rows >= FEWEST) else { continue };
            judged += 1;
            let rows = column.rows;
            let (value, reason) = match column.counts.iter().max_by_key(|(_, count)| **count) {
                _ if column.is_constant => {
                    (column.first, format!("`{name}` is {} in all of {rows} rows", column.first))
                }
                Some((bits, count)) if *count as f64 > rows as f64 * most => {
                    let value = f64::from_bits(*bits);
                    (value, format!("`{name}` is {value} in at least {count} of {rows} rows"))
                }
                _ => continue,
            };
            let column = name.to_owned();
            tally.add("a8", "", || Broken { column, value: value.to_string(), reason, ..Broken::default() });
        }
        tally.set_of("a8", judged);
    }
}

impl Column {
    fn take(&mut self, value: f64) {
        if self.rows == 0 {
            (self.first, self.is_constant) = (value, true);
        }
        self.rows += 1;
        self.is_constant &= value == self.first;
        // -0 is 0.
        let bits = (value + 0.0).to_bits();
        if let Some(count) = self.counts.get_mut(&bits) {
            *count += 1;
        } else if self.counts.len() < KEPT {
            self.counts.insert(bits, 1);
        } else {
            self.counts.retain(|_, count| {
                *count -= 1;
                *count > 0
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frequent_value_is_counted_and_never_too_high() {
        let mut column = Column::default();
        for n in 0..10_000_u32 {
            column.take(if n % 3 == 0 { 7.0 } else { f64::from(n) });
        }
        let counted = column.counts[&7.0_f64.to_bits()];
        assert!((3_000..=3_334).contains(&counted), "{counted}");
        assert!(!column.is_constant && column.counts.len() <= KEPT);
    }
}
