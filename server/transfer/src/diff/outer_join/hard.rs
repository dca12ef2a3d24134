//! The values that tools of this kind take for equal, or for different, and should not.

use super::stores::Store;
use super::*;
use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn rows(columns: Vec<ArrayRef>) -> RecordBatch {
    let ids: ArrayRef = Arc::new((0..columns[0].len() as i64).collect::<Int64Array>());
    let columns = std::iter::once(ids).chain(columns).enumerate().map(|(index, array)| (name(index), array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

#[derive(Default)]
struct Keys(Vec<String>);

#[async_trait]
impl DifferenceSink for Keys {
    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        assert_eq!(kind, DifferenceKind::Changed);
        let ids = crate::canonical::display(records.column(0)).unwrap();
        self.0.extend(ids.iter().flatten().map(ToOwned::to_owned));
        Ok(())
    }
}

/// Rows as left and right hold them, and which of them differ.
fn cases() -> Vec<(&'static str, RecordBatch, RecordBatch, Vec<&'static str>)> {
    let floats = |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let decimals = |values: &[i128]| -> ArrayRef {
        Arc::new(Decimal128Array::from(values.to_vec()).with_precision_and_scale(30, 10).unwrap())
    };
    let instants = |values: &[i64], zone: Option<&str>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(values.to_vec()).with_timezone_opt(zone))
    };
    vec![
        (
            "NULL and what spells it",
            rows(vec![texts(&[None, None, None, Some("null"), None])]),
            rows(vec![texts(&[Some("<null>"), Some("null"), Some(""), Some("NULL"), None])]),
            vec!["0", "1", "2", "3"],
        ),
        (
            "values that run into each other",
            rows(vec![texts(&[Some("x|y"), Some("")]), texts(&[Some("z"), Some("a")])]),
            rows(vec![texts(&[Some("x"), Some("a")]), texts(&[Some("y|z"), Some("")])]),
            vec!["0", "0", "1", "1"],
        ),
        (
            "characters beyond the basic plane",
            rows(vec![texts(&[Some("😀"), Some("😀")])]),
            rows(vec![texts(&[Some("?"), Some("😁")])]),
            vec!["0", "1"],
        ),
        (
            "doubles to the last bit",
            rows(vec![floats(&[0.1 + 0.2, 1e300, -0.0, 5e-324, 0.1])]),
            rows(vec![floats(&[0.3, f64::from_bits(1e300_f64.to_bits() + 1), 0.0, 5e-324, 0.1])]),
            vec!["0", "1"],
        ),
        (
            "decimals to the last digit",
            rows(vec![decimals(&[123_456_789_012_345_678_901_234_567_890, 1])]),
            rows(vec![decimals(&[123_456_789_012_345_678_901_234_567_891, 1])]),
            vec!["0"],
        ),
        (
            "letters of another case, accents and blanks",
            rows(vec![texts(&[Some("a"), Some("a"), Some("é"), Some("\u{fb01}"), Some("a\t"), Some("a")])]),
            rows(vec![texts(&[Some("A"), Some("a "), Some("e\u{301}"), Some("fi"), Some("a"), Some("a")])]),
            vec!["0", "1", "2", "3", "4"],
        ),
        (
            "instants, whatever the zone they are shown in",
            rows(vec![instants(&[1_706_659_200_000_000, 1_706_659_200_000_001], Some("UTC"))]),
            rows(vec![instants(&[1_706_659_200_000_000, 1_706_659_200_000_000], None)]),
            vec!["1"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_take_for_equal_is_told_apart() {
    let stores = Store::all("what_others_take_for_equal_is_told_apart").await;
    for (what, left_rows, right_rows, expected) in cases() {
        for left in &stores {
            for right in &stores {
                left.write_keyed("l", 1, left_rows.clone()).await;
                right.write_keyed("r", 1, right_rows.clone()).await;
                let side = |table: &str| Side { relation: Relation::Table(table.to_owned()), filter: None };
                for strategy in [Strategy::Merge, Strategy::Checksum, Strategy::Join] {
                    let options = DiffOptions { key: vec![name(0)], strategy, ..DiffOptions::default() };
                    let mut keys = Keys::default();
                    let (l, r) = (side("l"), side("r"));
                    let sides = ((left.connector.as_ref(), &l), (right.connector.as_ref(), &r));
                    compare(sides.0, sides.1, &options, &mut keys).await.unwrap();
                    assert_eq!(keys.0, expected, "{what}: {} and {} by {strategy:?}", left.name, right.name);
                }
            }
        }
    }
    for store in stores {
        store.end().await;
    }
}
