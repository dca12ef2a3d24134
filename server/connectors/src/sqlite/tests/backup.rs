//! A copy made while others write is one moment of the file, and comes back whole.

use crate::suite::world::{World, named, open};
use data::WriteOptions;
use data::backup::{BackupRequest, RestoreRequest};
use model::ErrorCode;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn request(folder: &Path, tables: &[&str]) -> BackupRequest {
    let tables = tables.iter().map(|&name| name.to_owned()).collect();
    BackupRequest { folder: folder.join("b"), tables, native: true }
}

fn restore(folder: &Path, method: &str, replace: bool) -> RestoreRequest {
    RestoreRequest { folder: folder.join("b"), method: method.to_owned(), replace }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_under_writing_is_consistent_and_restores() {
    let world = World::sqlite("").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    world
        .connector
        .execute(
            "CREATE TABLE pair (id INTEGER PRIMARY KEY, pad BLOB); CREATE TABLE twin (id INTEGER PRIMARY KEY);
             CREATE INDEX by_pad ON pair (pad); CREATE TRIGGER both AFTER INSERT ON pair BEGIN INSERT INTO twin VALUES (new.id); END;
             WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO pair SELECT i, randomblob(2000) FROM n",
        )
        .await
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (writer, stopped) = (world.connector.clone(), stop.clone());
    let writing = tokio::spawn(async move {
        let mut written = 0;
        while !stopped.load(Ordering::Relaxed) {
            writer.execute("INSERT INTO pair (pad) VALUES (randomblob(2000))").await.unwrap();
            written += 1;
        }
        written
    });
    let report = world.connector.backup(&request(folder.path(), &[])).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    writing.await.unwrap();
    assert_eq!(report.method, "sqlite backup");
    let file = &report.files[0];
    assert!(file.sha256.len() == 64 && file.bytes > 6_000_000, "{file:?}");
    let rows = |name: &str| report.tables.iter().find(|(table, _)| table == name).unwrap().1.unwrap();
    // Every row of the one is in the other: no transaction was caught half-way.
    assert!(rows("pair") >= 3000 && rows("pair") == rows("twin"));

    let other = World::sqlite("").await.unwrap();
    other.connector.restore(&restore(folder.path(), &report.method, false)).await.unwrap();
    assert_eq!(other.count("pair").await, rows("pair"));
    let structure = other.connector.structure("pair").await.unwrap();
    assert_eq!(structure, world.connector.structure("pair").await.unwrap());
    // What is there is replaced only where that is allowed, and whoever has the file open sees it.
    let error = other.connector.restore(&restore(folder.path(), &report.method, false)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AlreadyExists, "{error}");
    other.connector.execute("DROP TABLE twin; CREATE TABLE stray (a); DELETE FROM pair").await.unwrap();
    other.connector.restore(&restore(folder.path(), &report.method, true)).await.unwrap();
    assert_eq!(other.count("pair").await, rows("pair"));
    assert_eq!(other.connector.list_tables().await.unwrap(), ["pair", "twin"]);
}

#[tokio::test]
async fn single_tables_are_copied_and_brought_back_beside_others() {
    let world = World::sqlite("").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    world.write(WriteOptions::append("kept"), &named(&[(1, "a"), (2, "ü")])).await.unwrap();
    world
        .connector
        .execute("CREATE UNIQUE INDEX one ON kept (id); CREATE TABLE other (a); INSERT INTO other VALUES (1)")
        .await
        .unwrap();
    let error = world.connector.backup(&request(&folder.path().join("x"), &["kpet"])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
    let report = world.connector.backup(&request(folder.path(), &["kept"])).await.unwrap();
    assert_eq!(report.tables, [("kept".to_owned(), Some(2))]);
    world.connector.execute("DELETE FROM kept; INSERT INTO other VALUES (2)").await.unwrap();
    let error = world.connector.restore(&restore(folder.path(), &report.method, false)).await.unwrap_err();
    assert!(error.code() == ErrorCode::AlreadyExists && error.to_string().contains("`kept`"), "{error}");
    world.connector.restore(&restore(folder.path(), &report.method, true)).await.unwrap();
    assert_eq!((world.count("kept").await, world.count("other").await), (2, 2));
    assert_eq!(world.connector.structure("kept").await.unwrap().unwrap().indexes[0].name, "one");
}

#[tokio::test]
async fn a_damaged_copy_changes_nothing() {
    let world = World::sqlite("").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    world.write(WriteOptions::append("t"), &named(&[(1, "a")])).await.unwrap();
    let report = world.connector.backup(&request(folder.path(), &[])).await.unwrap();
    let path = folder.path().join("b").join(&report.files[0].path);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let error = world.connector.restore(&restore(folder.path(), &report.method, true)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
    assert_eq!(world.count("t").await, 1);
    let read_only = open(&format!("{}?read_only=true", world.url), &[]);
    std::fs::write(&path, &bytes).unwrap();
    let error = read_only.restore(&restore(folder.path(), &report.method, true)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::PermissionDenied, "{error}");
}
