//! Checksums: what they leave to be read holds every difference, and mostly little else.

use super::random::Pair;
use super::stores::Store;
use super::*;
use crate::diff::{Report, Rows};

async fn compared(pair: &Pair, left: &Store, right: &Store, strategy: Strategy) -> (Report, Vec<Line>) {
    let side = |table: &str| Side { relation: Relation::Table(table.to_owned()), filter: None };
    let options = DiffOptions { key: (0..pair.key).map(name).collect(), strategy, ..DiffOptions::default() };
    let mut taken = Taken { kinds: &pair.kinds, lines: Vec::new() };
    let left = Rows::Stored(left.connector.as_ref(), side("l"));
    let right = Rows::Stored(right.connector.as_ref(), side("r"));
    let report = crate::diff::run(left, right, &options, &mut taken).await.unwrap();
    taken.lines.sort();
    (report, taken.lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checksums_find_what_a_join_finds() {
    let stores = Store::all("checksums_find_what_a_join_finds").await;
    let (mut summed, mut merged) = (0, 0);
    for left in &stores {
        for right in &stores {
            for seed in 0..60 {
                let pair = Pair::random(seed, 300, true);
                let keys = |rows: &[Vec<Cell>]| rows.iter().map(|row| row[0].clone()).collect::<BTreeSet<_>>();
                let unique = keys(&pair.left).len() == pair.left.len() && keys(&pair.right).len() == pair.right.len();
                if pair.key != 1 || pair.kinds[0] != Kind::Integer || !unique {
                    continue;
                }
                if keys(&pair.left).contains(&Cell::Null) || keys(&pair.right).contains(&Cell::Null) {
                    continue;
                }
                left.fill_keyed("l", &pair, &pair.left).await;
                right.fill_keyed("r", &pair, &pair.right).await;
                let (report, lines) = compared(&pair, left, right, Strategy::Checksum).await;
                let what = format!("{} and {} seed {} {:?}", left.name, right.name, pair.seed, pair.kinds);
                let (expected, expected_lines) = outer_join(&pair);
                assert_eq!(report.totals, expected, "{what}");
                assert_eq!(lines, expected_lines, "{what}");
                match report.strategy {
                    Strategy::Checksum => summed += 1,
                    _ => {
                        merged += 1;
                        assert!(report.notes.iter().any(|note| note.starts_with("checksums are not taken")), "{what}");
                    }
                }
            }
        }
    }
    eprintln!("{summed} pairs were summed up, {merged} merged");
    assert!(stores.len() < 3 || summed > 10, "{summed} pairs were summed up");
    for store in stores {
        store.end().await;
    }
}

/// Rows that a careless hash takes for equal.
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
            let (report, lines) = compared(&pair, left, right, Strategy::Checksum).await;
            assert_eq!(report.strategy, Strategy::Checksum);
            assert_eq!((report.totals.changed, lines), (pairs.len() as u64, outer_join(&pair).1));
        }
    }
    for store in stores {
        store.end().await;
    }
}
