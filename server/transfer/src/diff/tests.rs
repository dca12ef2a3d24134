#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::Fake;
use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatchOptions, StringArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Default)]
struct Gathered(Vec<(DifferenceKind, String)>);

#[async_trait]
impl DifferenceSink for Gathered {
    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        let options = FormatOptions::default().with_null("NULL");
        let columns: Vec<_> =
            records.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..records.num_rows() {
            let cells: Vec<_> = columns.iter().map(|column| column.value(row).to_string()).collect();
            self.0.push((kind, cells.join("|")));
        }
        Ok(())
    }
}

fn side() -> Side {
    Side { relation: Relation::Table("t".to_owned()), filter: None }
}

fn keyed(key: &[&str]) -> DiffOptions {
    DiffOptions { key: key.iter().map(ToString::to_string).collect(), ..DiffOptions::default() }
}

async fn run(left: &Fake, right: &Fake, options: &DiffOptions) -> Result<(Totals, Vec<String>)> {
    let mut gathered = Gathered::default();
    let totals = compare((left, &side()), (right, &side()), options, &mut gathered).await?;
    let mut lines: Vec<_> = gathered.0.iter().map(|(kind, row)| format!("{} {row}", kind.as_str())).collect();
    lines.sort();
    Ok((totals, lines))
}

async fn check(left: &Fake, right: &Fake, options: &DiffOptions, expected: &[&str]) -> Totals {
    let (totals, lines) = run(left, right, options).await.unwrap();
    assert_eq!(lines, expected);
    assert_eq!(totals.left_rows, left.rows.num_rows() as u64);
    assert_eq!(totals.right_rows, right.rows.num_rows() as u64);
    totals
}

fn ints(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[tokio::test]
async fn tells_missing_extra_and_changed_rows_of_different_types() {
    let left = Fake::new(vec![
        ("id", ints(&[Some(1), Some(10), Some(9), Some(2)])),
        ("v", texts(&[Some("a"), Some("b"), None, Some("d")])),
    ]);
    let right = Fake::new(vec![
        ("v", texts(&[Some("null"), Some("a"), Some("b"), Some("e")])),
        ("ID", Arc::new(Int32Array::from(vec![9, 1, 10, 11]))),
    ]);
    let expected = ["changed 9|v|NULL|null", "extra 11|e", "missing 2|d"];
    let mapping = BTreeMap::from([("id".to_owned(), "ID".to_owned())]);
    let totals = check(&left, &right, &DiffOptions { mapping, ..keyed(&["id"]) }, &expected).await;
    assert_eq!((totals.equal, totals.differences()), (2, 3));
    // The names differ only in case, so no mapping is needed.
    check(&left, &right, &keyed(&["id"]), &expected).await;
}

#[tokio::test]
async fn duplicate_keys_are_matched_as_multisets() {
    let left = Fake::new(vec![
        ("k", ints(&[None, None, Some(1), Some(1), Some(1), Some(1), Some(1)])),
        ("v", texts(&[Some("a"), Some("a"), Some("x"), Some("x"), Some("y"), Some("z"), Some("z")])),
    ]);
    let right = Fake::new(vec![
        ("k", ints(&[None, Some(1), Some(1), Some(1)])),
        ("v", texts(&[Some("a"), Some("q"), Some("z"), Some("x")])),
    ]);
    let expected = ["changed 1|v|x|q", "missing 1|y", "missing 1|z", "missing NULL|a"];
    let totals = check(&left, &right, &keyed(&["k"]), &expected).await;
    assert_eq!(totals.equal, 3);
}

#[tokio::test]
async fn without_a_key_whole_rows_are_compared() {
    let left = Fake::new(vec![("a", ints(&[Some(1), Some(1), Some(2)])), ("b", texts(&[None, None, Some("x")]))]);
    let right = Fake::new(vec![("a", ints(&[Some(1), Some(2), Some(2)])), ("b", texts(&[None, Some("x"), Some("y")]))]);
    let totals = check(&left, &right, &DiffOptions::default(), &["extra 2|y", "missing 1|NULL"]).await;
    assert_eq!(totals.equal, 2);
}

#[tokio::test]
async fn empty_sides_are_fine() {
    let empty = Fake::new(vec![("k", ints(&[])), ("v", texts(&[]))]);
    let one = Fake::new(vec![("k", ints(&[Some(1)])), ("v", texts(&[Some("é\u{0}日")]))]);
    check(&empty, &empty, &keyed(&["k"]), &[]).await;
    check(&empty, &one, &keyed(&["k"]), &["extra 1|é\u{0}日"]).await;
    check(&one, &empty, &DiffOptions::default(), &["missing 1|é\u{0}日"]).await;
}

#[tokio::test]
async fn numbers_within_the_tolerance_are_equal() {
    let left = Fake::new(vec![("k", ints(&[Some(1), Some(2)])), ("v", Arc::new(Float64Array::from(vec![1.0, 2.0])))]);
    let right =
        Fake::new(vec![("k", ints(&[Some(1), Some(2)])), ("v", Arc::new(Float64Array::from(vec![1.001, 2.1])))]);
    let tolerance = BTreeMap::from([("v".to_owned(), Leeway::of_numbers(0.01))]);
    check(&left, &right, &DiffOptions { tolerance, ..keyed(&["k"]) }, &["changed 2|v|2.0|2.1"]).await;
}

#[tokio::test]
async fn a_side_out_of_order_is_an_error() {
    let mut left = Fake::new(vec![("k", ints(&[Some(1), Some(2), Some(3), Some(4), Some(2)]))]);
    let right = Fake::new(vec![("k", ints(&[Some(1)]))]);
    left.sorts = false;
    for (left, right, name) in [(&left, &right, "left"), (&right, &left, "right")] {
        let error = run(left, right, &keyed(&["k"])).await.unwrap_err();
        assert!(error.to_string().contains(&format!("the {name} side do not come in the order")), "{error}");
    }
    // Text sorts 10 before 9, so a text key beside a number key is told rather than compared wrongly.
    let texts = Fake::new(vec![("k", texts(&[Some("9"), Some("10")]))]);
    let numbers = Fake::new(vec![("k", ints(&[Some(9), Some(10)]))]);
    assert!(run(&texts, &numbers, &keyed(&["k"])).await.is_err());
}

#[tokio::test]
async fn unknown_columns_are_named() {
    let left = Fake::new(vec![("symbol", ints(&[])), ("x", ints(&[]))]);
    let right = Fake::new(vec![("symbol", ints(&[])), ("y", ints(&[]))]);
    let error = run(&left, &right, &keyed(&["symbl"])).await.unwrap_err();
    assert_eq!(error.code(), model::ErrorCode::ColumnNotFound);
    assert_eq!(error.fault.hint.as_deref(), Some("Did you mean `symbol`?"));
    let options = DiffOptions { columns: vec!["x".to_owned()], ..keyed(&["symbol"]) };
    let error = run(&left, &right, &options).await.unwrap_err();
    assert!(error.to_string().contains("the right side has no column `x`"), "{error}");
}

#[tokio::test]
async fn an_unsorted_file_is_sorted_for_the_comparison() {
    let rows = Fake::new(vec![("day", texts(&[Some("2024-01-03"), Some("2024-01-01"), Some("2024-01-02")]))]);
    let days: ArrayRef = Arc::new(arrow::array::Date32Array::from(vec![19723, 19724, 19726]));
    let stored = Fake::new(vec![("day", days)]);
    let file = rows.read(data::connector::ReadOptions::table("t")).await.unwrap();
    let mut gathered = Gathered::default();
    let options = keyed(&["day"]);
    let comparison = super::run(Rows::Unsorted(file), Rows::Stored(&stored, side()), &options, &mut gathered);
    let totals = sendable(comparison).await.unwrap().totals;
    assert_eq!((totals.equal, totals.missing, totals.extra), (2, 1, 1));
    assert_eq!(gathered.0[0], (DifferenceKind::Missing, "2024-01-03".to_owned()));
}

/// Steps run on any thread, so a comparison must be able to change threads.
fn sendable<F: Future + Send>(future: F) -> F {
    future
}

/// A small generator whose numbers are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

type Row = (Option<i64>, Option<String>, Option<i64>);

fn random_rows(random: &mut Random, keys: u64) -> Vec<Row> {
    let rows = random.below(40);
    (0..rows)
        .map(|_| {
            let number = random.below(keys + 1);
            let word = ["", "a", "A", "é", "null", "z\u{10ffff}"].get(random.below(8) as usize);
            let value = random.below(4);
            (
                (number > 0).then(|| number as i64 - 3),
                word.map(ToString::to_string),
                (value > 0).then_some(value as i64),
            )
        })
        .collect()
}

fn table(rows: &[Row], narrow: bool) -> Fake {
    let numbers = rows.iter().map(|row| row.0);
    let numbers: ArrayRef = if narrow {
        Arc::new(numbers.map(|number| number.map(|n| i32::try_from(n).unwrap())).collect::<Int32Array>())
    } else {
        Arc::new(numbers.collect::<Int64Array>())
    };
    let words: ArrayRef = Arc::new(rows.iter().map(|row| row.1.clone()).collect::<StringArray>());
    let values: ArrayRef = if narrow {
        Arc::new(rows.iter().map(|row| row.2.map(|v| format!("{v}.0"))).collect::<StringArray>())
    } else {
        Arc::new(rows.iter().map(|row| row.2).collect::<Int64Array>())
    };
    let mut fake = Fake::new(vec![("n", numbers), ("w", words), ("v", values)]);
    if rows.is_empty() {
        let options = RecordBatchOptions::new().with_row_count(Some(0));
        fake.rows =
            RecordBatch::try_new_with_options(fake.rows.schema(), fake.rows.columns().to_vec(), &options).unwrap();
    }
    fake
}

/// What a full outer join on the key says, by counting: equal, changed, missing, extra.
fn outer_join(left: &[Row], right: &[Row]) -> (u64, u64, u64, u64) {
    let mut groups: BTreeMap<_, (Vec<_>, Vec<_>)> = BTreeMap::new();
    for row in left {
        groups.entry((row.0, row.1.clone())).or_default().0.push(row.2);
    }
    for row in right {
        groups.entry((row.0, row.1.clone())).or_default().1.push(row.2);
    }
    let mut found = (0, 0, 0, 0);
    for (mut left, mut right) in groups.into_values() {
        left.retain(|value| {
            let same = right.iter().position(|other| other == value);
            if let Some(index) = same {
                right.swap_remove(index);
                found.0 += 1;
            }
            same.is_none()
        });
        let pairs = left.len().min(right.len());
        found.1 += pairs as u64;
        found.2 += (left.len() - pairs) as u64;
        found.3 += (right.len() - pairs) as u64;
    }
    found
}

#[tokio::test]
async fn equals_a_full_outer_join_on_random_tables() {
    for seed in 0..400 {
        let mut random = Random(seed);
        let keys = 1 + random.below(30);
        let (left, right) = (random_rows(&mut random, keys), random_rows(&mut random, keys));
        let (mut one, mut other) = (table(&left, false), table(&right, true));
        one.batch_rows = 1 + random.below(9) as usize;
        other.batch_rows = 1 + random.below(9) as usize;
        let (totals, _) = run(&one, &other, &keyed(&["n", "w"])).await.unwrap();
        let found = (totals.equal, totals.changed, totals.missing, totals.extra);
        assert_eq!(found, outer_join(&left, &right), "seed {seed}");
    }
}

#[tokio::test]
async fn scattered_differences_in_many_batches_are_all_found() {
    let rows = 50_000;
    let left: ArrayRef = Arc::new((0..rows).collect::<Int64Array>());
    let right: ArrayRef = Arc::new((0..rows).filter(|n| n % 500 != 0).collect::<Int64Array>());
    let (mut left, mut right) = (Fake::new(vec![("n", left)]), Fake::new(vec![("n", right)]));
    (left.batch_rows, right.batch_rows) = (1000, 777);
    let (totals, lines) = run(&left, &right, &keyed(&["n"])).await.unwrap();
    assert_eq!((totals.missing, totals.extra, lines.len()), (100, 0, 100));
}
