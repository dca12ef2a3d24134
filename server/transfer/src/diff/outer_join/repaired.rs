//! Repairs: after the statements have run nothing is left to tell, and running them again changes nothing.

use super::random::Pair;
use super::stores::Store;
use super::*;
use crate::diff::Repairing;

struct Ignored;

#[async_trait]
impl DifferenceSink for Ignored {
    async fn take(&mut self, _: DifferenceKind, _: RecordBatch) -> Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_repair_the_sides_are_equal() {
    let stores = Store::all("after_a_repair_the_sides_are_equal").await;
    let mut repaired = 0;
    for (index, left) in stores.iter().enumerate() {
        for right in &stores {
            for seed in 0..14 {
                let pair = Pair::random(seed + 100 * index as u64, 150, true);
                let unique = |rows: &[Vec<Cell>]| {
                    let keys: BTreeSet<_> = rows.iter().map(|row| &row[..pair.key]).collect();
                    keys.len() == rows.len() && keys.iter().all(|key| !key.contains(&Cell::Null))
                };
                if pair.key == 0 || !unique(&pair.left) || !unique(&pair.right) {
                    continue;
                }
                left.fill("l", &pair, &pair.left).await;
                right.fill_keyed("r", &pair, &pair.right).await;
                let side = |table: &str| Side { relation: Relation::Table(table.to_owned()), filter: None };
                let options = DiffOptions { key: (0..pair.key).map(name).collect(), ..DiffOptions::default() };
                let what = format!("{} and {} seed {} {:?}", left.name, right.name, pair.seed, pair.kinds);
                let (l, r) = (left.connector.as_ref(), right.connector.as_ref());
                let mut ignored = Ignored;
                let mut repairing = Repairing::new(&mut ignored, r, "r").unwrap();
                let before = compare((l, &side("l")), (r, &side("r")), &options, &mut repairing).await;
                let before = before.unwrap_or_else(|error| panic!("{what}: {error}"));
                let mut repair = repairing.finish();
                assert_eq!(repair.is_empty(), before.differences() == 0, "{what}");
                repaired += repair.len();
                for _ in 0..2 {
                    repair.apply(r).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                    let after = compare((l, &side("l")), (r, &side("r")), &options, &mut Ignored).await.unwrap();
                    assert_eq!(after.differences(), 0, "{what}");
                    assert_eq!(after.right_rows, before.left_rows, "{what}");
                }
            }
        }
    }
    assert!(repaired > 500, "{repaired} statements were run");
    for store in stores {
        store.end().await;
    }
}

#[tokio::test]
async fn without_a_unique_key_nothing_is_repaired() {
    let stores = Store::all("without_a_unique_key_nothing_is_repaired").await;
    for store in &stores {
        let pair = Pair::random(1, 20, true);
        store.fill("l", &pair, &pair.left).await;
        store.fill("r", &pair, &pair.right).await;
        let side = |table: &str| Side { relation: Relation::Table(table.to_owned()), filter: None };
        let connector = store.connector.as_ref();
        for key in [Vec::new(), vec![name(0)]] {
            let options = DiffOptions { key, ..DiffOptions::default() };
            let mut ignored = Ignored;
            let mut repairing = Repairing::new(&mut ignored, connector, "r").unwrap();
            let sides = ((connector, &side("l")), (connector, &side("r")));
            let error = compare(sides.0, sides.1, &options, &mut repairing).await.unwrap_err();
            assert_eq!(error.code(), model::ErrorCode::Unsupported, "{}", store.name);
        }
    }
    for store in stores {
        store.end().await;
    }
}
