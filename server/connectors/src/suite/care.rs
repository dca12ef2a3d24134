//! Tables described and planned, a look at the system, backups brought back: alike for every system that can do it.

use super::world::*;
use arrow::array::*;
use data::backup::{BackupRequest, RestoreRequest};
use data::structure::{ColumnStructure, TableAction, TablePlan, TableStructure};
use data::{Mode, System};
use model::ErrorCode;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;

/// 2024-01-02 02:00 in microseconds.
const START: i64 = 1_704_160_800_000_000;

/// Rows `(ts, n, name)`: the one shape of which every system makes a table.
fn quotes(rows: &[(i64, i32, &str)]) -> RecordBatch {
    let times = rows.iter().map(|row| START + row.0 * 1_000_000);
    records(vec![
        ("ts", Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))),
        ("n", Arc::new(rows.iter().map(|row| row.1).collect::<Int32Array>())),
        ("name", Arc::new(rows.iter().map(|row| Some(row.2)).collect::<StringArray>())),
    ])
}

async fn store(world: &World, rows: &[(i64, i32, &str)]) {
    world.write(keyed("t", Mode::Append, &["ts"]), &quotes(rows)).await.unwrap();
}

async fn structure(world: &World) -> TableStructure {
    world.connector.structure("t").await.unwrap().unwrap()
}

async fn plan(world: &World, wanted: &TableStructure) -> TablePlan {
    let live = world.connector.structure(&wanted.name).await.unwrap();
    world.connector.plan_table(wanted, live.as_ref()).await.unwrap()
}

async fn apply(world: &World, plan: &TablePlan) {
    for change in &plan.changes {
        world.connector.execute(&change.sql).await.unwrap_or_else(|error| panic!("{}: {error}", change.sql));
    }
}

pub(super) async fn a_table_is_described_as_it_is(world: &World) {
    store(world, &[(0, 1, "a")]).await;
    let found = structure(world).await;
    let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((found.name.as_str(), names), ("t", vec!["ts", "n", "name"]), "{found:#?}");
    assert_eq!(found.primary_key, ["ts"]);
    assert!(found.columns.iter().all(|column| !column.native_type.is_empty()), "{found:#?}");
    assert!(world.connector.structure("nowhere").await.unwrap().is_none());
    // What is as it is wanted has nothing to be done.
    assert_eq!(plan(world, &found).await.action, TableAction::Nothing);
}

pub(super) async fn a_table_is_made_from_its_description(world: &World) {
    store(world, &[(0, 1, "a")]).await;
    let before = structure(world).await;
    world.connector.execute("DROP TABLE t").await.unwrap();
    let made = plan(world, &before).await;
    assert_eq!(made.action, TableAction::Create, "{made:#?}");
    assert!(!made.is_destructive() && made.manual.is_empty(), "{made:#?}");
    apply(world, &made).await;
    assert_eq!(structure(world).await, before);
    assert_eq!(plan(world, &before).await.action, TableAction::Nothing);
    store(world, &[(0, 1, "a")]).await;
    assert_eq!(world.count("t").await, 1);
}

pub(super) async fn a_difference_is_planned_alone_and_mended(world: &World) {
    store(world, &[(0, 1, "a")]).await;
    let before = structure(world).await;
    let mut wider = before.clone();
    let native_type = before.column("n").unwrap().native_type.clone();
    wider.columns.push(ColumnStructure {
        name: "extra".to_owned(),
        native_type,
        nullable: true,
        ..ColumnStructure::default()
    });
    let added = plan(world, &wider).await;
    assert_eq!((added.action, added.is_destructive()), (TableAction::Alter, false), "{added:#?}");
    assert!(added.changes.iter().all(|change| change.sql.contains("extra")), "{added:#?}");
    apply(world, &added).await;
    assert_eq!(plan(world, &wider).await.action, TableAction::Nothing);
    // The other way a column and what is in it are lost, which is said.
    let lost = plan(world, &before).await;
    assert!(lost.is_destructive() || !lost.manual.is_empty(), "{lost:#?}");
    assert!(format!("{lost:?}").contains("extra"), "{lost:#?}");
    apply(world, &lost).await;
    if lost.manual.is_empty() {
        assert_eq!(plan(world, &before).await.action, TableAction::Nothing);
    }
    let rows = world.rows("t", &["ts"]).await;
    assert_eq!((rows.num_rows(), crate::cell::text(&rows["name"], 0).as_deref()), (1, Some("a")));
}

pub(super) async fn a_structure_that_cannot_be_is_refused_before_anything_is_done(world: &World) {
    store(world, &[(0, 1, "a")]).await;
    let before = structure(world).await;
    let mut wrong = before.clone();
    wrong.columns[1].native_type = "no_such_type".to_owned();
    let refused = match world.connector.plan_table(&wrong, Some(&before)).await {
        Err(error) => error.to_string(),
        // A system that takes any word for a type, or one that a person has to look at.
        Ok(plan) => format!("{plan:?}"),
    };
    assert!(refused.contains("no_such_type") || refused.contains("`n`"), "{refused}");
    assert_eq!(structure(world).await, before);
    assert_eq!(world.count("t").await, 1);
}

pub(super) async fn an_inspection_tells_who_and_how_large(world: &World) {
    store(world, &[(0, 1, "a"), (1, 2, "b"), (2, 3, "c")]).await;
    let who = world.connector.ping().await.unwrap();
    let found = world.connector.inspect().await.unwrap();
    assert_eq!(found.version.split(' ').next(), who.split(' ').next(), "{found:#?}");
    // Tables may be many on a server; what is not told is named.
    let named = found.tables.iter().any(|table| table.table == "t" || table.table.ends_with(".t"));
    assert!(named || found.tables.len() >= 10 || !found.unavailable.is_empty(), "{found:#?}");
    assert!(found.tables.iter().all(|table| !table.table.is_empty()));
    if let Some(pool) = found.pool {
        assert!(pool.busy <= pool.open.max(pool.limit) && pool.limit > 0, "{pool:?}");
    }
    // Twice at once, and nothing is kept from others.
    let (one, other) = tokio::join!(world.connector.inspect(), world.connector.inspect());
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(world.count("t").await, 3);
}

fn request(folder: &Path, tables: &[&str]) -> BackupRequest {
    let tables = tables.iter().map(|&table| table.to_owned()).collect();
    BackupRequest { folder: folder.to_owned(), tables, native: false }
}

pub(super) async fn a_backup_comes_back_as_it_was(world: &World) {
    let rows = [(0, 1, "a"), (1, 2, "数据"), (2, -3, "c'\"\\")];
    store(world, &rows).await;
    let before = world.rows("t", &["ts"]).await;
    let described = if world.connector.abilities().structure { Some(structure(world).await) } else { None };
    let folder = tempfile::tempdir().unwrap();
    let report = world.connector.backup(&request(folder.path(), &["t"])).await.unwrap();
    assert!(!report.files.is_empty() && !report.method.is_empty(), "{report:#?}");
    for file in &report.files {
        let bytes = std::fs::read(folder.path().join(&file.path)).unwrap();
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((file.bytes, &file.sha256), (bytes.len() as u64, &sum), "{}", file.path);
    }
    let counted: Vec<Option<u64>> = report.tables.iter().map(|(_, rows)| *rows).collect();
    assert_eq!((report.tables[0].0.ends_with('t'), counted), (true, vec![Some(3)]), "{report:#?}");

    let restore = |replace| RestoreRequest { folder: folder.path().to_owned(), method: report.method.clone(), replace };
    // A table that is there stays, unless it may be replaced.
    store(world, &[(3, 4, "later")]).await;
    let error = world.connector.restore(&restore(false)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AlreadyExists, "{error}");
    assert_eq!(world.count("t").await, 4);
    world.connector.restore(&restore(true)).await.unwrap();
    assert_eq!(world.rows("t", &["ts"]).await, before);
    world.connector.execute("DROP TABLE t").await.unwrap();
    world.connector.restore(&restore(false)).await.unwrap();
    assert_eq!(world.rows("t", &["ts"]).await, before);
    if let Some(described) = described {
        assert_eq!(structure(world).await, described);
    }
    // It goes on as a table does.
    store(world, &[(3, 4, "later")]).await;
    assert_eq!(world.count("t").await, 4);
}

pub(super) async fn a_backup_of_what_is_not_there_or_damaged_is_told(world: &World) {
    store(world, &[(0, 1, "a")]).await;
    let folder = tempfile::tempdir().unwrap();
    let error = world.connector.backup(&request(folder.path(), &["nowhere"])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
    assert!(error.to_string().contains("nowhere"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let report = world.connector.backup(&request(folder.path(), &["t"])).await.unwrap();
    let empty = tempfile::tempdir().unwrap();
    let restore =
        |folder: &Path| RestoreRequest { folder: folder.to_owned(), method: report.method.clone(), replace: true };
    assert!(world.connector.restore(&restore(empty.path())).await.is_err());
    for file in &report.files {
        std::fs::write(folder.path().join(&file.path), b"not what it was").unwrap();
    }
    assert!(world.connector.restore(&restore(folder.path())).await.is_err());
    // A failed restore has taken nothing away.
    if !world.is(System::Tdengine) {
        assert_eq!(world.count("t").await, 1);
    }
    assert!(world.connector.ping().await.is_ok());
}
