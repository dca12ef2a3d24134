//! Sources and targets that are in the way: locked, damaged.

use crate::databases::{sqlite_execute, sqlite_number};
use crate::private::Private;
use crate::program::Sluice;
use crate::server::{TestServer, is_final, step, wait_for};
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;

const MOVE: &str = "name: move\nsteps:\n  - id: move\n    uses: migrate\n    with:\n      \
    from: { connection: source, table: orders }\n      to: { connection: target }\n      chunk_rows: 5000\n      \
    rate_limit: 20000\n      validate: diff\n";

fn lock(file: &Path) -> Connection {
    let held = Connection::open(file).unwrap();
    held.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    held.execute_batch("BEGIN EXCLUSIVE").unwrap();
    held
}

/// Somebody else holds the target for longer than it is waited for: the copy tries again, says who is in the way, and what it
/// has is gone on with.
#[test]
fn a_locked_target_is_tried_again_then_told_and_gone_on_with() {
    let Some(sluice) = Sluice::find() else { return };
    let (source, target) = (sluice.add_sqlite("source"), sluice.folder.path().join("target.db"));
    super::fill(&source, 30_000);
    let table = "CREATE TABLE orders (id BIGINT, amount INT4, name VARCHAR(40), price DECIMAL(12,2), at TIMESTAMP)";
    sqlite_execute(&target, table);
    let url = format!("sqlite://{}?busy_timeout_ms=50", target.display());
    sluice.call(&["connection", "add", "target", &url]);
    let server = TestServer::start(sluice);
    server.save(MOVE);
    let rows = || sqlite_number(&target, "SELECT count(*) FROM orders").unwrap_or(0);
    let run = server.start_run("move", &json!({}));
    wait_for("some rows", || rows() > 0);
    let held = lock(&target);
    wait_for("a second try", || {
        let log = server.graphql(
            "query($id: String!) { run(id: $id) { logs(first: 200) { nodes { message } } } }",
            json!({ "id": run }),
        );
        log["run"]["logs"].to_string().contains("locked by another writer")
    });
    drop(held);
    let view = server.wait_run(&run);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    assert_eq!(rows(), 30_000);
    // Held for good: one error, and what is there stays.
    sqlite_execute(&target, "DELETE FROM orders");
    let run = server.start_run("move", &json!({}));
    wait_for("some rows", || rows() > 0);
    let held = lock(&target);
    let view = server.wait_run(&run);
    let error = &step(&view, "move")["error"];
    assert_eq!((&view["status"], &error["code"]), (&json!("FAILED"), &json!("statement_failed")), "{view:#}");
    assert!(error["message"].as_str().unwrap().contains("locked by another writer"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("busy_timeout_ms"), "{error}");
    drop(held);
    let kept = rows();
    assert!(kept > 0 && kept < 30_000, "{kept}");
    server.retry(&run);
    wait_for("the rest", || is_final(&server.run(&run)));
    let view = server.wait_run(&run);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    let told = (rows(), sqlite_number(&target, "SELECT count(DISTINCT id) FROM orders"));
    assert_eq!(told, (30_000, Some(30_000)));
}

/// MySQL checks text when it is written, not when it is read: bytes that went wrong on its disk come out as they are.
#[test]
fn bytes_that_are_not_utf8_are_named_and_nothing_is_guessed() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(mut database) = Private::mariadb("text that is not UTF-8") else { return };
    let made = database.mariadb_says(
        "CREATE DATABASE shop; USE shop; CREATE TABLE names (id INT PRIMARY KEY, name VARCHAR(20) CHARACTER SET utf8mb4) \
         ENGINE=MyISAM; INSERT INTO names VALUES (1, 'plain'), (2, 'spoiled'), (3, 'ü'); FLUSH TABLES",
    );
    assert!(made.status.success(), "{made:?}");
    database.kill();
    let file = database.data().join("shop/names.MYD");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(7).position(|window| window == b"spoiled").unwrap();
    bytes[at + 2..at + 4].copy_from_slice(&[0xff, 0xfe]);
    std::fs::write(&file, bytes).unwrap();
    database.start();
    let target = sluice.add_sqlite("target");
    sluice.call(&["connection", "add", "source", &format!("mysql://root@127.0.0.1:{}/shop", database.port)]);
    let server = TestServer::start(sluice);
    let document = MOVE.replace("table: orders", "table: names");
    let run = server.run_once(&document);
    let error = &step(&run, "move")["error"];
    assert_eq!((&run["status"], &error["code"]), (&json!("FAILED"), &json!("value_refused")), "{run:#}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("column `name`") && message.contains("not UTF-8"), "{message}");
    assert_eq!(sqlite_number(&target, "SELECT count(*) FROM names"), Some(0));
    // People say what shall become of it.
    let mended = document.replace("validate: diff", "validate: count\n      columns: { name: { sql: \"hex(name)\" } }");
    let run = server.run_once(&mended);
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    let kept = "SELECT count(*) FROM names WHERE name IN ('706C61696E', '7370FFFE6C6564', 'C3BC')";
    assert_eq!(sqlite_number(&target, kept), Some(3));
}
