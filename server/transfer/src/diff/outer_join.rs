//! Random pairs of tables, compared by this crate and by a plain full outer join, which must say the same.
//!
//! The join knows nothing of Arrow, of batches or of order: it groups rows of cells in a map. Five hundred pairs lie in
//! memory, some dozens in real systems of two kinds each; a pair is made from its seed alone ([`random`]).

#![allow(clippy::unwrap_used)]

mod cell;
mod hard;
mod random;
mod repaired;
mod stores;
mod strategies;
mod summed;

use super::*;
use crate::testing::Fake;
use cell::{Cell, Kind, cells, column};
use random::{Pair, Random};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stores::Store;

/// A difference as both ways of comparing spell it.
type Line = (&'static str, Vec<Cell>, String);

/// The join. A changed row is a line for each changed column, with the key only.
fn outer_join(pair: &Pair) -> (Totals, Vec<Line>) {
    type Group<'a> = (Vec<&'a [Cell]>, Vec<&'a [Cell]>);
    let key = if pair.key == 0 { pair.kinds.len() } else { pair.key };
    let mut groups: BTreeMap<&[Cell], Group<'_>> = BTreeMap::new();
    for row in &pair.left {
        groups.entry(&row[..key]).or_default().0.push(row);
    }
    for row in &pair.right {
        groups.entry(&row[..key]).or_default().1.push(row);
    }
    let mut totals =
        Totals { left_rows: pair.left.len() as u64, right_rows: pair.right.len() as u64, ..Totals::default() };
    let mut lines = Vec::new();
    for (mut left, mut right) in groups.into_values() {
        left.retain(|row| match right.iter().position(|other| other == row) {
            Some(index) => {
                right.remove(index);
                totals.equal += 1;
                false
            }
            None => true,
        });
        left.sort_by(|left, right| cell::by_value(left, right));
        right.sort_by(|left, right| cell::by_value(left, right));
        let pairs = left.len().min(right.len());
        for (left, right) in left.iter().zip(&right) {
            totals.changed += 1;
            for index in (key..pair.kinds.len()).filter(|index| left[*index] != right[*index]) {
                lines.push(("changed", left[..key].to_vec(), name(index)));
            }
        }
        totals.missing += (left.len() - pairs) as u64;
        totals.extra += (right.len() - pairs) as u64;
        lines.extend(left[pairs..].iter().map(|row| ("missing", row.to_vec(), String::new())));
        lines.extend(right[pairs..].iter().map(|row| ("extra", row.to_vec(), String::new())));
    }
    lines.sort();
    (totals, lines)
}

fn name(index: usize) -> String {
    format!("c{index}")
}

/// Takes differences back into cells.
struct Taken<'a> {
    kinds: &'a [Kind],
    lines: Vec<Line>,
}

#[async_trait]
impl DifferenceSink for Taken<'_> {
    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        let width = if kind == DifferenceKind::Changed { records.num_columns() - 3 } else { records.num_columns() };
        let columns: Vec<Vec<Cell>> =
            records.columns()[..width].iter().zip(self.kinds).map(|(array, kind)| cells(*kind, array)).collect();
        for row in 0..records.num_rows() {
            let cells = columns.iter().map(|column| column[row].clone()).collect();
            let changed = records.column_by_name(crate::CHANGED_COLUMN);
            let changed = changed.map(|names| crate::canonical::display(names).unwrap().value(row).to_owned());
            self.lines.push((kind.as_str(), cells, changed.unwrap_or_default()));
        }
        Ok(())
    }
}

async fn check(pair: &Pair, left: &dyn Connector, right: &dyn Connector, what: &str) {
    check_with(pair, left, right, what, DiffOptions::default()).await;
}

async fn check_with(pair: &Pair, left: &dyn Connector, right: &dyn Connector, what: &str, options: DiffOptions) {
    let options = DiffOptions { key: (0..pair.key).map(name).collect(), ..options };
    let mut taken = Taken { kinds: &pair.kinds, lines: Vec::new() };
    let side = Side { relation: Relation::Table("t".to_owned()), filter: None };
    let other = Side { relation: Relation::Table("u".to_owned()), filter: None };
    let right_side = if left.system() == right.system() && what != "memory" { &other } else { &side };
    let totals = compare((left, &side), (right, right_side), &options, &mut taken).await;
    let totals = totals.unwrap_or_else(|error| panic!("{what} seed {}: {error}", pair.seed));
    taken.lines.sort();
    let (expected, lines) = outer_join(pair);
    assert_eq!(totals, expected, "{what} seed {} {:?}", pair.seed, pair.kinds);
    assert_eq!(taken.lines, lines, "{what} seed {} {:?}", pair.seed, pair.kinds);
}

fn in_memory(pair: &Pair, rows: &[Vec<Cell>], other: bool, batch_rows: usize) -> Fake {
    let columns = pair.kinds.iter().enumerate().map(|(index, kind)| {
        let cells: Vec<_> = rows.iter().map(|row| row[index].clone()).collect();
        (name(index), column(*kind, &cells, other))
    });
    let columns: Vec<_> = columns.collect();
    let mut fake = Fake::new(columns.iter().map(|(name, array)| (name.as_str(), array.clone())).collect());
    fake.batch_rows = batch_rows;
    fake
}

#[tokio::test]
async fn five_hundred_random_pairs_are_as_a_plain_join_says() {
    let mut seen = BTreeSet::new();
    for seed in 0..500 {
        let pair = Pair::random(seed, 400, false);
        seen.insert(pair.pattern);
        let mut random = Random::new(seed + 10_000);
        let left = in_memory(&pair, &pair.left, false, 1 + random.below(90) as usize);
        let right = in_memory(&pair, &pair.right, true, 1 + random.below(90) as usize);
        check(&pair, &left, &right, "memory").await;
    }
    assert_eq!(seen.len(), random::PATTERNS.len(), "every pattern was tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_pairs_in_real_systems_are_as_a_plain_join_says() {
    let stores = Store::all("random_pairs_in_real_systems_are_as_a_plain_join_says").await;
    let mut seed = 0;
    for left in &stores {
        for right in &stores {
            for _ in 0..6 {
                let pair = Pair::random(seed, 120, true);
                let tables = if left.name == right.name { ("t", "u") } else { ("t", "t") };
                left.fill(tables.0, &pair, &pair.left).await;
                right.fill(tables.1, &pair, &pair.right).await;
                let what = format!("{} and {}", left.name, right.name);
                let (l, r) = (left.connector.as_ref(), right.connector.as_ref());
                check(&pair, l, r, &what).await;
                left.analyze(tables.0).await;
                right.analyze(tables.1).await;
                let cut =
                    DiffOptions { parallel: 3, range_rows: 9, pause_above: Some(10_000), ..DiffOptions::default() };
                check_with(&pair, l, r, &format!("{what} in ranges,"), cut).await;
                seed += 1;
            }
        }
    }
    for store in stores {
        store.end().await;
    }
}
