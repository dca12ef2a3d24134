//! Every type of every system, with its extreme values, into every system and back: what arrives is compared value by
//! value, and what becomes of each type is written down in `docs/types.md`, which this test holds to be true.
//!
//! A value may come back as another type only if it can be turned into the old one again without a difference, or as the
//! same text; a system may refuse it. Anything else is a silent change and fails. `samples.rs` has the values, `place.rs`
//! knows how each system takes and gives them.

mod compare;
mod page;
mod place;
mod samples;

use super::world::World;
use arrow::array::RecordBatch;
use compare::Verdict;
use place::{Keys, Place};
use samples::Samples;

/// Changes that are known, named and wanted: source, type, target, why.
const NAMED: &[(&str, &str, &str, &str)] = &[
    ("postgres", "real", "mysql", "-0 becomes 0"),
    ("postgres", "real", "sqlite", "-0 becomes 0"),
    ("postgres", "double precision", "mysql", "-0 becomes 0"),
    ("postgres", "double precision", "sqlite", "-0 becomes 0"),
];

/// One type of a source: how the page calls it, and its values `id` and `v` as batches.
type Original = (String, data::Result<RecordBatch>);

/// Writes every original into every system, and holds the page against what became of it.
async fn reach(name: &str, originals: Vec<Original>) {
    let Some(targets) = Place::all().await else { return };
    let mut lines = Vec::new();
    let mut faults = Vec::new();
    for (index, (spelled, records)) in originals.iter().enumerate() {
        let records = match records {
            Ok(records) => records,
            Err(error) => {
                lines.push(format!("| `{spelled}` | refused when read: {} |", page::plain(error)));
                continue;
            }
        };
        let mut line = format!("| `{spelled}` | {} ", records.column(1).data_type());
        for target in &targets {
            let cell = match target.arrive(&format!("from_{name}_{index}"), records).await {
                Ok((native, found)) => match compare::compare(records.column(1), &found) {
                    Verdict::Same => native,
                    Verdict::Text => format!("{native}, same text"),
                    Verdict::Changed(what) => {
                        let to = target.name();
                        match NAMED.iter().find(|(from, of, at, _)| *from == name && of == spelled && *at == to) {
                            Some((.., why)) => format!("{native}, {why}"),
                            None => {
                                faults.push(format!("{name} {spelled} → {to} {native}: {what}"));
                                format!("{native}, CHANGED")
                            }
                        }
                    }
                },
                Err(error) => format!("refused: {}", page::plain(&error)),
            };
            line.push_str(&format!("| {cell} "));
        }
        line.push('|');
        lines.push(line);
    }
    for target in targets {
        target.end().await;
    }
    assert!(faults.is_empty(), "silent changes:\n{}", faults.join("\n"));
    page::hold(name, &lines);
}

/// The values as the source's connector reads them, of a table for each type.
async fn originals(source: World, samples: Samples) -> Vec<Original> {
    let mut originals = Vec::new();
    for (index, (spelled, literals)) in samples.iter().enumerate() {
        originals.push(((*spelled).to_owned(), original(&source, &format!("t{index}"), spelled, literals).await));
    }
    source.end().await;
    originals
}

/// `id`, then `v` with a NULL at the end.
async fn original(world: &World, table: &str, spelled: &str, literals: &[&str]) -> data::Result<RecordBatch> {
    let declared = spelled.split(" (").next().unwrap();
    let timed = world.connector.abilities().time_key;
    let (columns, order) = if timed {
        (format!("ts TIMESTAMP, id BIGINT, v {declared}"), "ts")
    } else {
        (format!("id BIGINT PRIMARY KEY, v {declared} NULL"), "id")
    };
    world.connector.execute(&format!("CREATE TABLE {table} ({columns})")).await?;
    for (id, literal) in literals.iter().chain(&["NULL"]).enumerate() {
        let time = if timed { format!("{}, ", place::START + id as i64) } else { String::new() };
        world.connector.execute(&format!("INSERT INTO {table} VALUES ({time}{id}, {literal})")).await?;
    }
    let read = world.try_rows(table, &[order]).await?;
    Ok(read.project(&[read.schema().index_of("id")?, read.schema().index_of("v")?])?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_postgres_reaches_every_system() {
    if let Some(source) = World::postgres("pairs").await {
        reach("postgres", originals(source, samples::POSTGRES).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_mysql_reaches_every_system() {
    if let Some(source) = World::mysql("pairs").await {
        reach("mysql", originals(source, samples::MYSQL).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_sqlite_reaches_every_system() {
    if let Some(source) = World::sqlite("pairs").await {
        reach("sqlite", originals(source, samples::SQLITE).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_tdengine_reaches_every_system() {
    if let Some(source) = World::tdengine("pairs").await {
        reach("tdengine", originals(source, samples::TDENGINE).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_structure_of_redis_reaches_every_system() {
    let Some(keys) = Keys::new("pairs").await else { return };
    let mut originals = Vec::new();
    for (index, kept) in samples::REDIS.iter().enumerate() {
        originals.push((format!("{}, {}", kept.0, kept.1), keys.original(&format!("t{index}"), kept).await));
    }
    keys.end().await;
    reach("redis", originals).await;
}
