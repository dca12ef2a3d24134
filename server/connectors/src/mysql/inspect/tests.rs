#![allow(clippy::unwrap_used)]
use super::*;
use crate::mysql::tests::{drop_database, server};
use data::Connector;

#[tokio::test]
async fn the_server_tells_how_it_is() {
    let Some(own) = server("the_server_tells_how_it_is").await else { return };
    let mysql = &own.0;
    mysql
        .execute(
            "CREATE TABLE big (a INT PRIMARY KEY, b INT, c INT, KEY one (b), KEY both_of (b, c), UNIQUE KEY u (c), KEY same (c));
             CREATE TABLE small (a INT)",
        )
        .await
        .unwrap();
    let inspection = mysql.inspect().await.unwrap();
    assert!(inspection.version.starts_with('M'), "{}", inspection.version);
    let connections = inspection.connections.unwrap();
    assert!(connections.open >= 1 && connections.limit >= Some(1), "{connections:?}");
    let pool = inspection.pool.unwrap();
    assert!(pool.busy >= 1 && pool.open >= pool.busy && pool.limit == 8, "{pool:?}");
    assert_eq!(inspection.tables[0].table, "big");
    assert!(inspection.disk_bytes.unwrap() > 0);
    let duplicate = |name: &str| {
        let index = inspection.indexes.iter().find(|index| index.index == name).unwrap();
        index.duplicate_of.clone()
    };
    assert_eq!(duplicate("one").as_deref(), Some("both_of"));
    assert_eq!(duplicate("same").as_deref(), Some("u"));
    assert_eq!((duplicate("u"), duplicate("both_of"), duplicate("PRIMARY")), (None, None, None));
    let ratio = inspection.figures.iter().find(|(name, _)| name == "cache_hit_ratio").unwrap().1;
    assert!((0.0..=1.0).contains(&ratio), "{ratio}");
    // What is not counted is said together with what would help.
    for index in &inspection.indexes {
        let told = inspection.unavailable.iter().any(|told| told.starts_with("index use: "));
        assert_eq!(index.scans.is_none(), told, "{:?}", inspection.unavailable);
    }
    drop_database(own).await;
}

#[tokio::test]
async fn a_blocked_statement_tells_who_blocks_it() {
    let Some(own) = server("a_blocked_statement_tells_who_blocks_it").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE t (a INT PRIMARY KEY)").await.unwrap();
    mysql.execute("INSERT INTO t VALUES (1)").await.unwrap();
    let mut holder = mysql.connect().await.unwrap();
    let mut held = holder.start_transaction(mysql_async::TxOpts::default()).await.unwrap();
    held.query_drop("DELETE FROM t WHERE a = 1").await.unwrap();
    let blocking = held.id().to_string();
    let blocked = tokio::spawn({
        let mysql = mysql.clone();
        async move { mysql.execute("UPDATE t SET a = 2 WHERE a = 1").await }
    });
    let found = loop {
        let running = mysql.inspect().await.unwrap().running;
        let blocked = |one: &RunningStatement| one.statement.contains("SET a = 2") && !one.blocked_by.is_empty();
        if let Some(one) = running.into_iter().find(blocked) {
            break one;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(found.blocked_by, [blocking]);
    held.rollback().await.unwrap();
    assert_eq!(blocked.await.unwrap().unwrap(), 1);
    drop(holder);
    drop_database(own).await;
}

#[test]
fn an_index_that_another_covers_is_found() {
    let index = |name: &str, unique: bool, columns: &[&str]| Index {
        table: "t".to_owned(),
        name: name.to_owned(),
        unique,
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
    };
    let all = [
        index("PRIMARY", true, &["a"]),
        index("again", true, &["a"]),
        index("long", false, &["b", "c"]),
        index("guard", true, &["b"]),
        index("short", false, &["b"]),
    ];
    let told: Vec<Option<String>> = all.iter().map(|index| duplicate(index, &all)).collect();
    let told: Vec<Option<&str>> = told.iter().map(Option::as_deref).collect();
    assert_eq!(told, [None, Some("PRIMARY"), None, None, Some("long")]);
}
