//! Members of indexes (v12): their weights make a whole on each day.

use super::columns::{Columns, Field, Values};
use super::tally::{Broken, Tally};
use std::collections::BTreeMap;

/// Indexes and days that are kept at most.
const MOST: usize = 1_000_000;

/// Sums of weights by index and day.
#[derive(Debug, Default)]
pub(super) struct Weights(BTreeMap<(String, i32), (f64, u64)>);

impl Weights {
    pub(super) fn take(&mut self, values: &Values, row: usize, day: i32) {
        let (Some(index), Some(weight)) = (values.text(Field::Index, row), values.number(Field::Weight, row)) else {
            return;
        };
        let key = (index.to_owned(), day);
        if self.0.len() < MOST || self.0.contains_key(&key) {
            let (sum, members) = self.0.entry(key).or_default();
            *sum += weight;
            *members += 1;
        }
    }

    pub(super) fn finish(&mut self, columns: &Columns, most: f64, tally: &mut Tally) {
        let of = self.0.len() as u64;
        for ((index, day), (sum, members)) in std::mem::take(&mut self.0) {
            // Weights are percents or shares.
            if (sum - 100.0).abs() <= most || (sum - 1.0).abs() <= most / 100.0 {
                continue;
            }
            let column = columns.name(Field::Weight).unwrap_or_default().to_owned();
            let reason = format!("the weights of {members} members sum to {sum:.4}");
            let value = sum.to_string();
            tally.add("v12", &index, || Broken { day: Some(day), column, value, reason, ..Broken::default() });
        }
        tally.set_of("v12", of);
    }
}
