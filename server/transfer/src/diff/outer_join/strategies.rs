//! Every strategy finds what a plain join finds, whatever the key.

use super::random::Pair;
use super::stores::Store;
use super::*;
use crate::diff::{Report, Rows};

/// The tables `l` and `r`, compared.
pub(super) async fn compared(pair: &Pair, left: &Store, right: &Store, options: &DiffOptions) -> (Report, Vec<Line>) {
    let side = |table: &str| Side { relation: Relation::Table(table.to_owned()), filter: None };
    let options = DiffOptions { key: (0..pair.key).map(name).collect(), ..options.clone() };
    let mut taken = Taken { kinds: &pair.kinds, lines: Vec::new() };
    let left = Rows::Stored(left.connector.as_ref(), side("l"));
    let right = Rows::Stored(right.connector.as_ref(), side("r"));
    let report = crate::diff::run(left, right, &options, &mut taken).await;
    let report = report.unwrap_or_else(|error| panic!("seed {} {:?}: {error}", pair.seed, pair.kinds));
    taken.lines.sort();
    (report, taken.lines)
}

/// Writes both tables, with the key where it is one.
async fn fill(pair: &Pair, left: &Store, right: &Store) -> bool {
    let unique = |rows: &[Vec<Cell>]| {
        let keys: BTreeSet<_> = rows.iter().map(|row| &row[..pair.key]).collect();
        keys.len() == rows.len() && keys.iter().all(|key| !key.contains(&Cell::Null))
    };
    let keyed = pair.key > 0 && unique(&pair.left) && unique(&pair.right);
    match keyed {
        true => {
            left.fill_keyed("l", pair, &pair.left).await;
            right.fill_keyed("r", pair, &pair.right).await;
        }
        false => {
            left.fill("l", pair, &pair.left).await;
            right.fill("r", pair, &pair.right).await;
        }
    }
    keyed
}

/// How often each strategy was taken.
#[derive(Debug, Default)]
struct Taking(BTreeMap<&'static str, usize>);

impl Taking {
    async fn try_all(&mut self, pair: &Pair, left: &Store, right: &Store, ways: &[DiffOptions]) {
        let keyed = fill(pair, left, right).await;
        let (expected, expected_lines) = outer_join(pair);
        for options in ways {
            let strategy = options.strategy;
            let (report, lines) = compared(pair, left, right, options).await;
            let what = format!(
                "{} and {} seed {} {:?} by {strategy:?}: {:?} {:?}",
                left.name, right.name, pair.seed, pair.kinds, report.reasons, report.notes
            );
            assert_eq!(report.totals, expected, "{what}");
            assert_eq!(lines, expected_lines, "{what}");
            *self.0.entry(report.strategy.as_str()).or_default() += 1;
            // What was asked for is done, or it is said why not.
            let refused = ["checksums are not taken", "no join is made"];
            let told = report.notes.iter().any(|note| refused.iter().any(|start| note.starts_with(start)));
            let done = strategy == Strategy::Auto || report.strategy == strategy;
            assert!(done || told, "{what}");
            let can_join = keyed && left.name == right.name;
            assert!(strategy != Strategy::Join || done == can_join, "{what}");
        }
    }
}

fn by(strategy: Strategy) -> DiffOptions {
    DiffOptions { strategy, ..DiffOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_pairs_in_one_file_are_as_a_plain_join_says() {
    let store = Store::sqlite();
    let mut taking = Taking::default();
    for seed in 0..500 {
        let pair = Pair::random(seed, 120, true);
        taking.try_all(&pair, &store, &store, &[by(Strategy::Merge), by(Strategy::Join)]).await;
    }
    assert!(taking.0["join"] > 200 && taking.0["merge"] > 500, "{taking:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_strategy_finds_what_a_plain_join_finds() {
    let stores = Store::all("every_strategy_finds_what_a_plain_join_finds").await;
    let mut taking = Taking::default();
    for left in &stores {
        for right in &stores {
            for seed in 1_000..1_024 {
                let pair = Pair::random(seed, 200, true);
                let mut ways = [Strategy::Merge, Strategy::Auto, Strategy::Checksum, Strategy::Join].map(by).to_vec();
                // One statement cannot pause, so that each side is read by one of its own.
                ways.push(DiffOptions { pause_above: Some(10_000), ..by(Strategy::Join) });
                taking.try_all(&pair, left, right, &ways).await;
            }
        }
    }
    eprintln!("{taking:?}");
    assert!(stores.len() < 3 || (taking.0["checksum"] > 30 && taking.0["join"] > 30), "{taking:?}");
    for store in stores {
        store.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_connections_to_one_database_are_joined() {
    let stores = Store::all("two_connections_to_one_database_are_joined").await;
    for store in &stores {
        let (other, far) = (store.again().await, store.elsewhere().await);
        let options = DiffOptions { strategy: Strategy::Join, ..DiffOptions::default() };
        let mut joined = 0;
        for seed in [1, 2, 3, 4, 5, 6, 9] {
            let pair = Pair::random(seed, 200, true);
            for right in [&other, &far] {
                let keyed = fill(&pair, store, right).await;
                let (report, lines) = compared(&pair, store, right, &options).await;
                let what = format!("{} seed {seed} {:?} {:?}", store.name, report.reasons, report.notes);
                assert_eq!((report.totals, lines), outer_join(&pair), "{what}");
                // Two files are two databases; two schemas are one.
                let one = store.name != "sqlite" || std::ptr::eq(right, &other);
                assert_eq!(report.strategy == Strategy::Join, keyed && one, "{what}");
                joined += usize::from(report.strategy == Strategy::Join);
            }
        }
        assert!(joined > 3, "{}: {joined}", store.name);
        far.end().await;
    }
    for store in stores {
        store.end().await;
    }
}

/// A join has the filters of both sides, and tolerances are the merge's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_heeds_conditions_and_tolerances() {
    let stores = Store::all("a_join_heeds_conditions_and_tolerances").await;
    let float = |value: f64| Cell::Float(value.to_bits());
    let rows = |nudge: f64| -> Vec<Vec<Cell>> {
        (0..40).map(|n| vec![Cell::Integer(n), float(n as f64 + nudge), Cell::Text(format!("Ä{n}"))]).collect()
    };
    let mut pair = Pair {
        seed: 0,
        pattern: "near",
        kinds: vec![Kind::Integer, Kind::Float, Kind::Text],
        key: 1,
        left: rows(0.0),
        right: rows(0.001),
    };
    pair.right[7][2] = Cell::Text("ä7".to_owned());
    pair.right[8][2] = Cell::Text("Ä8 ".to_owned());
    pair.right[9][2] = Cell::Null;
    for store in &stores {
        store.fill_keyed("l", &pair, &pair.left).await;
        store.fill_keyed("r", &pair, &pair.right).await;
        let side = |table: &str, filter: &str| {
            let relation = Relation::Table(table.to_owned());
            Rows::Stored(store.connector.as_ref(), Side { relation, filter: Some(filter.to_owned()) })
        };
        let tolerance = BTreeMap::from([
            (name(1), crate::diff::Leeway::of_numbers(0.01)),
            (name(2), crate::diff::Leeway { ignore_case: true, ..Default::default() }),
        ]);
        let key = vec![name(0)];
        let options = DiffOptions { key, tolerance, strategy: Strategy::Join, ..DiffOptions::default() };
        let mut taken = Taken { kinds: &pair.kinds, lines: Vec::new() };
        let (left, right) = (side("l", "c0 < 30 -- and so on"), side("r", "c0 >= 2"));
        let report = crate::diff::run(left, right, &options, &mut taken).await.unwrap();
        assert_eq!(report.strategy, Strategy::Join, "{}: {:?}", store.name, report.notes);
        let Totals { left_rows, right_rows, equal, missing, extra, changed } = report.totals;
        assert_eq!((left_rows, right_rows, equal), (30, 38, 26), "{}", store.name);
        assert_eq!((missing, extra, changed), (2, 10, 2), "{}", store.name);
    }
    for store in stores {
        store.end().await;
    }
}

/// Text whose collation is not that of its bytes is cut all the same, and where sessions can share a moment, ranges do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_of_any_collation_is_cut_into_ranges() {
    let stores = Store::all("text_of_any_collation_is_cut_into_ranges").await;
    let letters = ["a", "A", "ä", "b ", "B", "😀", "z", "é"];
    let rows: Vec<Vec<Cell>> = (0..600)
        .map(|n| vec![Cell::Text(format!("{}{n:03}", letters[n % letters.len()])), Cell::Integer(n as i128)])
        .collect();
    let mut pair = Pair {
        seed: 0,
        pattern: "texts",
        kinds: vec![Kind::Text, Kind::Integer],
        key: 1,
        left: rows.clone(),
        right: rows,
    };
    pair.right[17][1] = Cell::Null;
    pair.right.remove(400);
    pair.left.remove(401);
    for left in &stores {
        for right in &stores {
            for (store, table, rows) in [(left, "l", &pair.left), (right, "r", &pair.right)] {
                store.fill_keyed(table, &pair, rows).await;
                store.analyze(table).await;
            }
            let options = DiffOptions { parallel: 3, range_rows: 20, ..by(Strategy::Merge) };
            let (report, lines) = compared(&pair, left, right, &options).await;
            let what = format!("{} and {}: {:?} {:?}", left.name, right.name, report.reasons, report.notes);
            assert_eq!((report.totals, lines), outer_join(&pair), "{what}");
            assert!(report.reasons.iter().any(|reason| reason.starts_with("the key is cut into")), "{what}");
            let few = report.reasons.iter().any(|reason| reason.starts_with("the key is cut into 3 ranges"));
            assert_eq!(few, left.name != "sqlite" || right.name != "sqlite", "{what}");
            for (side, store) in [("left", left), ("right", right)] {
                let apart = format!("the ranges of the {side} side are read in transactions of their own");
                let told = report.notes.iter().any(|note| note.starts_with(&apart));
                assert_eq!(told, store.name != "postgres", "{what}");
            }
        }
    }
    for store in stores {
        store.end().await;
    }
}

/// Tables of a system's own types: the sort of difference in each row, and the statements that make them.
fn native(system: &str) -> Option<[&'static str; 3]> {
    Some(match system {
        "postgres" => [
            "CREATE TABLE l (id uuid PRIMARY KEY, mood text, doc jsonb, raw json, tags text[], ip inet, span interval, big numeric, \
             bits bit(4), t time, tz timetz, pad char(6), real real, d double precision, flag boolean, b bytea, n numeric(12,3))",
            "INSERT INTO l SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'sad', jsonb_build_object('k', i), \
             '{ \"k\": 1 }', ARRAY['a', NULL], '10.0.0.1', interval '1 day', i + 0.50, B'1010', '10:00:00.5', '10:00+02', 'ab', \
             0.1, 0.1, true, '\\x00ff', i FROM generate_series(1, 30) i; \
             UPDATE l SET d = 'NaN' WHERE mod(right(id::text, 2)::int, 10) = 1; UPDATE l SET d = '-0' WHERE right(id::text, 2) = '20'; \
             UPDATE l SET doc = NULL, tags = NULL, big = NULL WHERE right(id::text, 2) = '21'",
            "UPDATE r SET doc = '{\"k\": 2.0}' WHERE doc->>'k' = '2'; UPDATE r SET raw = '{\"k\":1}' WHERE doc->>'k' = '3'; \
             UPDATE r SET raw = '[]' WHERE doc->>'k' = '4'; UPDATE r SET tags = ARRAY['a', 'NULL'] WHERE doc->>'k' = '5'; \
             UPDATE r SET ip = '10.0.0.1/24' WHERE doc->>'k' = '6'; UPDATE r SET span = '24 hours' WHERE doc->>'k' = '7'; \
             UPDATE r SET big = 8.5 WHERE doc->>'k' = '8'; UPDATE r SET bits = B'1011' WHERE doc->>'k' = '9'; \
             UPDATE r SET t = '10:00' WHERE doc->>'k' = '10'; UPDATE r SET tz = '08:00+00' WHERE doc->>'k' = '12'; \
             UPDATE r SET pad = 'AB' WHERE doc->>'k' = '13'; UPDATE r SET real = 0.2 WHERE doc->>'k' = '14'; \
             UPDATE r SET d = 0.1::float8 + 1e-17 WHERE doc->>'k' = '15'; UPDATE r SET flag = NULL WHERE doc->>'k' = '16'; \
             UPDATE r SET b = '' WHERE doc->>'k' = '17'; UPDATE r SET n = 18.001 WHERE doc->>'k' = '18'; \
             UPDATE r SET d = 0 WHERE doc->>'k' = '20'; UPDATE r SET mood = 'Sad' WHERE doc->>'k' = '22'; \
             DELETE FROM r WHERE doc->>'k' = '23'; UPDATE r SET id = 'ffffffff-0000-4000-8000-000000000024' WHERE doc->>'k' = '24'",
        ],
        "mysql" => [
            "CREATE TABLE l (id varchar(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci PRIMARY KEY, e enum('a','b'), s set('x','y'), \
             j json, t time(3), y year, bits bit(9), one bit(1), pad char(6), bin binary(4), b blob, f float, d double, u bigint unsigned, \
             n decimal(12,3), day date, at datetime(6), ts timestamp(6) NULL, word varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)",
            "INSERT INTO l WITH RECURSIVE i AS (SELECT 1 AS seq UNION ALL SELECT seq + 1 FROM i WHERE seq < 30) SELECT CONCAT('Ä', seq), 'a', 'x,y', '{\"k\": 1}', '-100:00:00.5', 2024, 257, 1, 'ab', 'ab', X'00FF', 0.1, 0.1, \
             18446744073709551615, seq, '2024-01-31', '2024-01-31 12:00:00.000001', '2024-01-31 12:00:00.000001', 'straße' FROM i",
            "UPDATE r SET e = 'b' WHERE n = 1; UPDATE r SET s = 'x' WHERE n = 2; UPDATE r SET j = '{\"k\":1.0}' WHERE n = 3; \
             UPDATE r SET j = '[]' WHERE n = 4; UPDATE r SET t = '100:00:00.5' WHERE n = 5; UPDATE r SET y = 2023 WHERE n = 6; \
             UPDATE r SET bits = 256 WHERE n = 7; UPDATE r SET one = 0 WHERE n = 8; UPDATE r SET pad = 'AB' WHERE n = 9; \
             UPDATE r SET bin = 'abc' WHERE n = 10; UPDATE r SET b = X'00' WHERE n = 11; UPDATE r SET f = 0.2 WHERE n = 12; \
             UPDATE r SET d = 0.30000000000000004 WHERE n = 13; UPDATE r SET u = 0 WHERE n = 14; UPDATE r SET n = 15.001 WHERE n = 15; \
             UPDATE r SET day = NULL WHERE n = 16; UPDATE r SET at = '2024-01-31 12:00:00' WHERE n = 17; \
             UPDATE r SET ts = NULL WHERE n = 18; UPDATE r SET word = 'strasse' WHERE n = 19; UPDATE r SET word = 'straße ' WHERE n = 20; \
             UPDATE r SET word = 'STRAßE' WHERE n = 21; DELETE FROM r WHERE n = 23; UPDATE r SET id = 'ä24' WHERE n = 24",
        ],
        "sqlite" => [
            "CREATE TABLE l (id TEXT NOT NULL COLLATE NOCASE PRIMARY KEY, n INTEGER, d DOUBLE, day DATE, at DATETIME, any, \
             amount DECIMAL(10,2), flag BOOLEAN, b BLOB, word TEXT COLLATE NOCASE)",
            "WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 30) INSERT INTO l \
             SELECT 'Ä' || i, i, 0.1, '2024-01-31', '2024-01-31 12:00:00', i, i + 0.5, 1, x'00ff', 'word' FROM i",
            "UPDATE r SET d = 0.2 WHERE n = 1; UPDATE r SET day = NULL WHERE n = 2; UPDATE r SET at = '2024-01-31 12:00:01' WHERE n = 3; \
             UPDATE r SET amount = 4.51 WHERE n = 4; UPDATE r SET flag = 0 WHERE n = 5; UPDATE r SET b = x'' WHERE n = 6; \
             UPDATE r SET word = 'Word' WHERE n = 7; UPDATE r SET word = 'word ' WHERE n = 8; DELETE FROM r WHERE n = 9; \
             UPDATE r SET id = 'other' WHERE n = 10",
        ],
        _ => return None,
    })
}

#[derive(Default)]
struct Told(Vec<String>);

#[async_trait]
impl DifferenceSink for Told {
    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        let columns: Vec<_> =
            records.columns().iter().map(|column| crate::canonical::display(column).unwrap()).collect();
        for row in 0..records.num_rows() {
            let cells: Vec<_> =
                columns.iter().map(|column| format!("{:?}", column.iter().nth(row).flatten())).collect();
            self.0.push(format!("{} {}", kind.as_str(), cells.join("|")));
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_a_systems_own_are_joined_as_they_are_merged() {
    let stores = Store::all("types_of_a_systems_own_are_joined_as_they_are_merged").await;
    for store in &stores {
        let Some([make, fill, change]) = native(store.name) else { continue };
        let make = [make.to_owned(), fill.to_owned()];
        let again = make.each_ref().map(|sql| sql.replace("TABLE l ", "TABLE r ").replace("INTO l ", "INTO r "));
        let again = again.map(|sql| sql.replace("UPDATE l ", "UPDATE r "));
        for sql in make.iter().chain(&again).map(String::as_str).chain([change]) {
            store.connector.execute(sql).await.unwrap_or_else(|error| panic!("{}: {error}\n{sql}", store.name));
        }
        let side = |table: &str| Side { relation: Relation::Table(table.to_owned()), filter: None };
        let mut expected = None;
        for strategy in [Strategy::Merge, Strategy::Join, Strategy::Checksum] {
            let options = DiffOptions { key: vec!["id".to_owned()], strategy, ..DiffOptions::default() };
            let rows = |table: &str| Rows::Stored(store.connector.as_ref(), side(table));
            let mut told = Told::default();
            let report = crate::diff::run(rows("l"), rows("r"), &options, &mut told).await;
            let report = report.unwrap_or_else(|error| panic!("{} by {strategy:?}: {error}", store.name));
            let joined = report.strategy == Strategy::Join;
            assert_eq!(joined, strategy == Strategy::Join, "{}: {:?}", store.name, report.notes);
            told.0.sort();
            let found = (report.totals, told.0);
            assert!(found.0.differences() > 8, "{}: {found:#?}", store.name);
            assert_eq!(&found, expected.get_or_insert_with(|| found.clone()), "{} by {strategy:?}", store.name);
        }
    }
    for store in stores {
        store.end().await;
    }
}
