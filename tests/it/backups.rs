//! Backups by shell and by step: what was there is there again, and damage is found before anything is changed.

use crate::program::Sluice;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A store with two tables, one of them with hard values.
fn fill(sluice: &Sluice) -> PathBuf {
    let file = sluice.add_sqlite("shop");
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute_batch(
            "CREATE TABLE fruit (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, picture BLOB);
             CREATE INDEX fruit_by_name ON fruit (name);
             INSERT INTO fruit VALUES (1, 'pear', 1.5, x'00ff'), (2, '桃 ''🍑''', NULL, NULL), (3, '', -0.1, x'');
             CREATE TABLE ticks (ts TEXT NOT NULL, price REAL);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
             INSERT INTO ticks SELECT date('2020-01-01', '+' || (i % 1000) || ' days'), i FROM n;",
        )
        .unwrap();
    file
}

/// Everything of the store, as text.
fn everything(file: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(file).unwrap();
    let mut lines = Vec::new();
    for sql in [
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
        "SELECT id || ' ' || quote(name) || ' ' || quote(price) || ' ' || quote(picture) FROM fruit ORDER BY id",
        "SELECT count(*) || ' ' || total(price) FROM ticks",
    ] {
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        lines.extend(rows.map(Result::unwrap));
    }
    lines
}

fn list(sluice: &Sluice) -> Vec<Value> {
    serde_json::from_str(&sluice.call(&["backup", "list", "--all", "--json"])).unwrap()
}

#[test]
fn what_was_backed_up_comes_back() {
    let Some(sluice) = Sluice::find() else { return };
    let file = fill(&sluice);
    let before = everything(&file);
    let made: Value = serde_json::from_str(&sluice.call(&["backup", "run", "shop", "--json"])).unwrap();
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["status"], "complete");
    assert!(made["bytes"].as_u64().unwrap() > 0 && made["checksum"].as_str().unwrap().len() == 64);
    sluice.call(&["backup", "verify", id]);

    // A table that is there refuses the restore, and nothing is changed.
    let refused = sluice.command().args(["backup", "restore", id]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(everything(&file), before);

    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute_batch(
            "DELETE FROM fruit WHERE id > 1; UPDATE fruit SET price = 9; DROP INDEX fruit_by_name; DELETE FROM ticks;",
        )
        .unwrap();
    drop(database);
    assert_ne!(everything(&file), before);
    sluice.call(&["backup", "restore", id, "--replace"]);
    assert_eq!(everything(&file), before);

    let scratch = sluice.add_sqlite("scratch");
    sluice.call(&["backup", "restore", id, "--into", "scratch"]);
    assert_eq!(everything(&scratch), before);
}

#[test]
fn a_damaged_backup_is_found_and_never_restored() {
    let Some(sluice) = Sluice::find() else { return };
    let file = fill(&sluice);
    let made: Value = serde_json::from_str(&sluice.call(&["backup", "run", "shop", "--json"])).unwrap();
    let (id, folder) = (made["id"].as_str().unwrap(), Path::new(made["folder"].as_str().unwrap()));
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| !file.ends_with("backup.json") && !file.ends_with("manifest.json"));
    let mut bytes = fs::read(&files[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&files[0], bytes).unwrap();
    let before = everything(&file);
    for command in [&["backup", "verify", id][..], &["backup", "restore", id, "--replace"]] {
        let output = sluice.command().args(command).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && told.contains("backup_damaged"), "{told}");
    }
    assert_eq!(everything(&file), before);
    assert_eq!(list(&sluice)[0]["status"], "damaged");
}

#[test]
fn the_ready_made_maintenance_inspects_backs_up_and_cleans() {
    let Some(sluice) = Sluice::find() else { return };
    let file = sluice.add_sqlite("history");
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute_batch(
            "CREATE TABLE ticks (ts TEXT NOT NULL, price REAL);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
             INSERT INTO ticks SELECT date('now', '-' || (i % 180) || ' days'), i FROM n;",
        )
        .unwrap();
    let kept: i64 = database
        .query_row("SELECT count(*) FROM ticks WHERE ts >= date('now', '-90 days')", [], |row| row.get(0))
        .unwrap();
    drop(database);
    let document = crate::program::root().join("workflows/nightly-maintenance/workflow.yaml");
    for _ in 0..3 {
        let run = sluice.run(&document, &[("keep".to_owned(), "2".to_owned())]);
        assert_eq!(run["status"], "succeeded", "{run:#}");
    }
    let statuses: Vec<_> = list(&sluice).iter().map(|backup| backup["status"].clone()).collect();
    assert_eq!(statuses, [json!("complete"), json!("complete"), json!("removed")]);
    let database = rusqlite::Connection::open(&file).unwrap();
    let left: i64 = database.query_row("SELECT count(*) FROM ticks", [], |row| row.get(0)).unwrap();
    assert_eq!(left, kept);
    let sizes = sluice.read("history", "table_sizes");
    assert!(sizes.iter().any(|row| row["table"] == "ticks"), "{sizes:?}");
}

#[test]
fn a_store_that_cannot_be_reached_is_a_failed_backup_and_an_anomaly() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.call(&["connection", "add", "gone", "postgres://nobody@127.0.0.1:9/none"]);
    let document = sluice.folder.path().join("saved.yaml");
    fs::write(&document, "name: saved\nsteps:\n  - { id: saved, uses: backup, with: { connection: gone } }\n").unwrap();
    let run = sluice.run(&document, &[]);
    assert_eq!(run["status"], "failed");
    assert_eq!(list(&sluice)[0]["status"], "failed");
    let anomalies: Value = serde_json::from_str(&sluice.call(&["anomaly", "list", "--json"])).unwrap();
    assert_eq!((&anomalies[0]["rule"], &anomalies[0]["connection"]), (&json!("backup.failed"), &json!("gone")));
}
