//! Real stores: what an `inspect` step finds out about each, and that its thresholds hold there.

use super::*;
use crate::real::Store;
use arrow::array::Array;

/// Inspects with the thresholds, and tells outputs and the rules that are broken.
async fn looked_at(world: &World, thresholds: Value) -> (Map<String, Value>, Vec<String>) {
    let before = world.watch.observations().len();
    let report = world.act(&Inspect, json!({ "connection": "store", "thresholds": thresholds })).await.unwrap();
    let observed = world.watch.observations();
    let mut rules: Vec<String> = observed[before].findings.iter().map(|finding| finding.rule.clone()).collect();
    rules.sort();
    rules.dedup();
    (report.outputs, rules)
}

/// The entry of a list among the outputs, or of the rows of its port, that is about `name`.
fn row_of(world: &World, port: &str, column: usize, name: &str) -> bool {
    let sent = world.sent.lock().unwrap();
    sent.iter().filter(|(to, _)| to == port).any(|(_, batch)| {
        let names = batch.records.column(column).as_string::<i32>();
        (0..names.len()).any(|row| names.value(row).contains(name))
    })
}

#[tokio::test]
async fn postgres_is_inspected() {
    let Some(store) = Store::postgres("postgres_is_inspected").await else { return };
    store
        .execute(
            "CREATE TABLE bars (id int PRIMARY KEY, note text); \
             INSERT INTO bars SELECT g, repeat('x', 200) FROM generate_series(1, 5000) g; \
             CREATE INDEX one ON bars (note); CREATE INDEX two ON bars (note); ANALYZE bars",
        )
        .await;
    let world = store.world();
    let (outputs, rules) = looked_at(&world, json!({ "unused_index_bytes": 1, "disk_bytes": 1 })).await;
    assert!(outputs["version"].as_str().unwrap().contains("PostgreSQL"), "{outputs:?}");
    assert!(outputs["connections"]["open"].as_u64().unwrap() >= 1 && outputs["connections"]["limit"].is_u64());
    assert!(outputs["disk_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(!outputs["figures"].as_object().unwrap().is_empty());
    assert!(row_of(&world, "tables", 0, "bars") && row_of(&world, "indexes", 1, "two"));
    for rule in ["inspect.disk_bytes", "inspect.duplicate_index", "inspect.unused_index"] {
        assert!(rules.contains(&rule.to_owned()), "{rule}: {rules:?}");
    }
    // The server is shared, so that only what is ours can be known to be well.
    let (_, rules) = looked_at(&world, json!({ "connections": 1.0 })).await;
    assert!(!rules.contains(&"inspect.disk_bytes".to_owned()), "{rules:?}");
    store.end().await;
}

#[tokio::test]
async fn a_postgres_session_that_waits_is_told() {
    let Some(store) = Store::postgres("a_postgres_session_that_waits_is_told").await else { return };
    store.execute("CREATE TABLE held (id int PRIMARY KEY); INSERT INTO held VALUES (1)").await;
    let name = format!("{}.held", store.place);
    let holding = store.connector.clone();
    let sleeper = name.clone();
    let holder = tokio::spawn(async move {
        let sql = format!("UPDATE {sleeper} SET id = 1; SELECT pg_sleep(20)");
        holding.execute(&sql).await
    });
    let world = store.world();
    // Who holds the row is seen first: a second after it began.
    let mut holds = false;
    while !holds && !holder.is_finished() {
        let (outputs, _) = looked_at(&world, json!({})).await;
        holds = outputs["running"].to_string().contains(&name);
    }
    let (waiting, blocked) = (store.connector.clone(), name.clone());
    let waiter = tokio::spawn(async move { waiting.execute(&format!("UPDATE {blocked} SET id = 2")).await });
    let mut told = false;
    while !told && !waiter.is_finished() {
        let (_, rules) = looked_at(&world, json!({})).await;
        told = rules.contains(&"inspect.blocked".to_owned());
    }
    let sql = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%{name}%'"
    );
    store.execute(&sql).await;
    let _ = (holder.await, waiter.await);
    assert!(holds && told, "nobody was told to wait");
    store.end().await;
}

#[tokio::test]
async fn mariadb_is_inspected() {
    let Some(store) = Store::mysql("mariadb_is_inspected").await else { return };
    store
        .execute(
            "CREATE TABLE bars (id int PRIMARY KEY, note varchar(200), KEY one (note), KEY two (note)); \
             INSERT INTO bars SELECT seq, repeat('x', 200) FROM seq_1_to_5000; ANALYZE TABLE bars",
        )
        .await;
    let world = store.world();
    let (outputs, rules) = looked_at(&world, json!({ "disk_bytes": 1 })).await;
    assert!(outputs["version"].as_str().unwrap().contains("MariaDB"), "{outputs:?}");
    assert!(outputs["connections"]["open"].as_u64().unwrap() >= 1 && outputs["connections"]["limit"].is_u64());
    assert!(outputs["disk_bytes"].as_u64().unwrap() > 0);
    assert!(row_of(&world, "tables", 0, "bars") && row_of(&world, "indexes", 1, "two"));
    for rule in ["inspect.disk_bytes", "inspect.duplicate_index"] {
        assert!(rules.contains(&rule.to_owned()), "{rule}: {rules:?}");
    }
    store.end().await;
}

#[tokio::test]
async fn sqlite_is_inspected() {
    let Some(store) = Store::sqlite("sqlite_is_inspected").await else { return };
    store
        .execute("CREATE TABLE bars (id INTEGER PRIMARY KEY, note TEXT); CREATE INDEX one ON bars (note); CREATE INDEX two ON bars (note)")
        .await;
    let world = store.world();
    let (outputs, rules) = looked_at(&world, json!({ "disk_bytes": 1 })).await;
    assert!(outputs["version"].as_str().unwrap().contains("SQLite"), "{outputs:?}");
    assert!(row_of(&world, "tables", 0, "bars"));
    assert_eq!(rules, ["inspect.disk_bytes", "inspect.duplicate_index"]);
    store.end().await;
}

#[tokio::test]
async fn tdengine_is_inspected() {
    let Some(store) = Store::tdengine("tdengine_is_inspected").await else { return };
    store.execute("CREATE TABLE bars (ts TIMESTAMP, v INT); INSERT INTO bars VALUES (1704160800000000, 1)").await;
    let world = store.world();
    let (outputs, rules) = looked_at(&world, json!({})).await;
    assert!(outputs["version"].as_str().is_some_and(|version| !version.is_empty()), "{outputs:?}");
    assert!(row_of(&world, "tables", 0, "bars"), "{outputs:?}");
    assert_eq!(rules, Vec::<String>::new());
    store.end().await;
}

#[tokio::test]
async fn redis_is_inspected() {
    let Some(store) = Store::redis("redis_is_inspected").await else { return };
    let world = store.world();
    let (outputs, rules) = looked_at(&world, json!({ "disk_bytes": 1, "connections": 0.0 })).await;
    assert!(outputs["version"].as_str().unwrap().contains("Redis"), "{outputs:?}");
    assert!(outputs["connections"]["open"].as_u64().unwrap() >= 1);
    assert!(!outputs["figures"].as_object().unwrap().is_empty());
    assert!(rules.contains(&"inspect.connections".to_owned()), "{rules:?}");
    store.end().await;
}
