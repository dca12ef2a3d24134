//! Whether a column's values lie today as they did lately (a7): the population stability index over tenths.
//!
//! Of each day a coarse histogram is kept for each column, in quarters of an octave; tenths are cut from those of the days
//! before. Days of few values are not judged: chance alone would move them.

use super::calendar;
use super::columns::{Columns, Field, Values};
use super::tally::{Broken, Tally};
use std::collections::{BTreeMap, HashMap};

/// Columns that hold levels. Changes of a day move together with the market.
const LEVELS: [Field; 7] =
    [Field::Open, Field::High, Field::Low, Field::Close, Field::Last, Field::Volume, Field::Amount];
/// Days that a day is held against, and without how many none is.
const BACK: usize = 20;
const FEWEST_DAYS: usize = 5;
/// Values of a day without which it is not judged.
const FEWEST: u64 = 200;
/// Parts that the values before are cut into.
const PARTS: u64 = 10;
/// What an empty part counts as.
const FLOOR: f64 = 1e-4;

/// Counts by bin, in the order of bins.
type Histogram = Vec<(i16, u32)>;

/// Histograms of every day.
#[derive(Debug, Default)]
pub(super) struct Drift {
    days: HashMap<i32, [Histogram; LEVELS.len()]>,
}

impl Drift {
    pub(super) fn take(&mut self, values: &Values, row: usize, day: i32) {
        let histograms = self.days.entry(day).or_default();
        for (field, histogram) in LEVELS.iter().zip(histograms) {
            let Some(value) = values.number(*field, row) else { continue };
            let bin = bin(value);
            match histogram.binary_search_by_key(&bin, |(bin, _)| *bin) {
                Ok(at) => histogram[at].1 += 1,
                Err(at) => histogram.insert(at, (bin, 1)),
            }
        }
    }

    /// Tells the first of days in a row whose values lie otherwise than before.
    pub(super) fn finish(&mut self, columns: &Columns, most: f64, tally: &mut Tally) {
        let days: BTreeMap<i32, _> = std::mem::take(&mut self.days).into_iter().collect();
        let days: Vec<(i32, [Histogram; LEVELS.len()])> = days.into_iter().collect();
        let mut judged = 0;
        for (place, field) in LEVELS.iter().enumerate() {
            let Some(column) = columns.name(*field) else { continue };
            let mut is_off = false;
            for (at, (day, today)) in days.iter().enumerate() {
                let before: Vec<&Histogram> =
                    days[at.saturating_sub(BACK)..at].iter().map(|(_, histograms)| &histograms[place]).collect();
                let filled = before.iter().filter(|histogram| !histogram.is_empty()).count();
                if filled < FEWEST_DAYS || count(&today[place]) < FEWEST {
                    continue;
                }
                judged += 1;
                let index = stability(&sum(&before), &today[place]);
                let was_off = std::mem::replace(&mut is_off, index > most);
                if is_off && !was_off {
                    let reason = format!(
                        "the values of `{column}` lie otherwise on {} than on the days before: index {index:.2}",
                        calendar::spell(*day)
                    );
                    let (column, value) = (column.to_owned(), format!("{index:.2}"));
                    tally.add("a7", "", || Broken { day: Some(*day), column, value, reason, ..Broken::default() });
                }
            }
        }
        tally.set_of("a7", judged);
    }
}

/// Quarters of an octave; zero lies between the signs.
fn bin(value: f64) -> i16 {
    if value == 0.0 {
        return 0;
    }
    // The exponent of a double is at most 1,100 either way.
    let quarter = 20_000 + (value.abs().log2() * 4.0).floor() as i16;
    if value > 0.0 { quarter } else { -quarter }
}

fn count(histogram: &[(i16, u32)]) -> u64 {
    histogram.iter().map(|(_, count)| u64::from(*count)).sum()
}

fn sum(histograms: &[&Histogram]) -> BTreeMap<i16, u64> {
    let mut sum = BTreeMap::new();
    for (bin, count) in histograms.iter().flat_map(|histogram| histogram.iter()) {
        *sum.entry(*bin).or_default() += u64::from(*count);
    }
    sum
}

/// The population stability index of `today` against `before`.
fn stability(before: &BTreeMap<i16, u64>, today: &[(i16, u32)]) -> f64 {
    let (all, now): (u64, u64) = (before.values().sum(), count(today));
    let share = |part: u64, of: u64| (part as f64 / of as f64).max(FLOOR);
    let mut index = 0.0;
    let mut add = |expected: u64, found: u64| {
        let (expected, found) = (share(expected, all), share(found, now));
        index += (found - expected) * (found / expected).ln();
    };
    let mut rest = today.iter().peekable();
    let (mut expected, mut found) = (0, 0);
    for (bin, count) in before {
        expected += count;
        while let Some((_, count)) = rest.next_if(|(other, _)| other <= bin) {
            found += u64::from(*count);
        }
        if expected * PARTS >= all {
            add(expected, found);
            (expected, found) = (0, 0);
        }
    }
    found += rest.map(|(_, count)| u64::from(*count)).sum::<u64>();
    if expected > 0 || found > 0 {
        add(expected, found);
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl Iterator<Item = f64>) -> Histogram {
        let mut counts = BTreeMap::new();
        values.for_each(|value| *counts.entry(bin(value)).or_insert(0) += 1);
        counts.into_iter().collect()
    }

    #[test]
    fn what_lies_alike_has_a_small_index_and_what_moved_a_large_one() {
        let spread = |n: u32, scale: f64| histogram((0..n).map(|n| f64::from(n % 97 + 3) * scale));
        let before = sum(&[&spread(1_000, 1.0), &spread(1_000, 1.0)]);
        assert!(stability(&before, &spread(500, 1.0)) < 0.01);
        assert!(stability(&before, &spread(500, 100.0)) > 1.0);
        assert!(stability(&before, &spread(500, 0.01)) > 1.0);
        assert!(bin(-1.0) < bin(-0.5) && bin(-0.5) < bin(0.0) && bin(0.0) < bin(1e-300) && bin(1.0) < bin(1.3));
    }
}
