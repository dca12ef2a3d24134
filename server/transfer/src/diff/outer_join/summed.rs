//! Checksums: rows that a careless hash takes for equal are told apart.

use super::random::Pair;
use super::stores::Store;
use super::strategies::compared;
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checksums_tell_apart_what_runs_into_each_other() {
    let stores = Store::all("checksums_tell_apart_what_runs_into_each_other").await;
    let text = |text: &str| Cell::Text(text.to_owned());
    let pairs = [
        ([text("x|y"), text("z")], [text("x"), text("y|z")]),
        ([text("1:a"), text("b")], [text("1"), text("a:b")]),
        ([Cell::Null, text("")], [text("-"), Cell::Null]),
        ([Cell::Null, text("a")], [text("<null>"), text("a")]),
        ([text("😀"), text("")], [text("?"), text("")]),
        ([text("a"), text("a")], [text("A"), text("a ")]),
    ];
    let row = |(index, cells): (usize, &[Cell; 2])| {
        let mut row = vec![Cell::Integer(index as i128)];
        row.extend(cells.iter().cloned());
        row
    };
    let pair = Pair {
        seed: 0,
        pattern: "careless",
        kinds: vec![Kind::Integer, Kind::Text, Kind::Text],
        key: 1,
        left: pairs.iter().map(|pair| &pair.0).enumerate().map(row).collect(),
        right: pairs.iter().map(|pair| &pair.1).enumerate().map(row).collect(),
    };
    for left in stores.iter().filter(|store| store.name != "sqlite") {
        for right in stores.iter().filter(|store| store.name != "sqlite") {
            left.fill_keyed("l", &pair, &pair.left).await;
            right.fill_keyed("r", &pair, &pair.right).await;
            let (report, lines) =
                compared(&pair, left, right, &DiffOptions { strategy: Strategy::Checksum, ..DiffOptions::default() })
                    .await;
            assert_eq!(report.strategy, Strategy::Checksum);
            assert_eq!((report.totals.changed, lines), (pairs.len() as u64, outer_join(&pair).1));
        }
    }
    for store in stores {
        store.end().await;
    }
}
