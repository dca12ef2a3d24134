//! Real stores: old rows go, and only those, whatever says how old a row is.

use super::*;
use crate::real::Store;
use data::connector::ReadOptions;

/// Removes what is older than ten days from `table`, where `column` says how old it is, and tells which `id`s are left.
async fn left(store: &Store, table: &str, column: &str, more: Value) -> (Value, Vec<String>) {
    let mut rows = json!({ "connection": "store", "table": table, "column": column, "older_than": "10d", "piece": 7 });
    rows.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let world = store.world();
    let counted = world.act(&Cleanup, json!({ "rows": rows, "dry_run": true })).await.unwrap();
    let report = world.act(&Cleanup, json!({ "rows": rows })).await.unwrap();
    assert_eq!(counted.outputs["rows"], report.outputs["rows"], "{table}.{column}");
    let again = world.act(&Cleanup, json!({ "rows": rows })).await.unwrap();
    if rows.get("limit").is_none() {
        assert_eq!(again.outputs["rows"], 0, "{table}.{column}");
    }
    let options = ReadOptions { columns: vec!["id".to_owned()], ..ReadOptions::table(table) };
    (report.outputs["rows"].clone(), store.rows(options).await)
}

/// Rows 1 to 20 of which row n is n days old: of each column those of more than ten days go.
async fn check(store: &Store, make: &str, columns: &[(&str, Value)]) {
    for (column, more) in columns {
        store.execute(make).await;
        let (removed, left) = left(store, "aged", column, more.clone()).await;
        let mut expected: Vec<String> = (1..=10).map(|n| n.to_string()).collect();
        expected.sort();
        assert_eq!((removed, left), (json!(10), expected), "{column}");
    }
}

#[tokio::test]
async fn old_rows_of_postgres_go() {
    let Some(store) = Store::postgres("old_rows_of_postgres_go").await else { return };
    // An hour keeps rows off the boundary however long the test takes.
    let make = "DROP TABLE IF EXISTS aged; CREATE TABLE aged AS SELECT g AS id, \
        (now() AT TIME ZONE 'UTC')::date - g + 1 AS day, now() - g * interval '1 day' + interval '1 hour' AS moment, \
        (now() AT TIME ZONE 'UTC') - g * interval '1 day' + interval '1 hour' AS at, \
        (extract(epoch FROM now()) - g * 86400 + 3600)::bigint AS seconds, \
        (extract(epoch FROM now()) * 1000 - g * 86400000.0 + 3600000)::bigint AS millis, \
        to_char((now() AT TIME ZONE 'UTC') - (g - 1) * interval '1 day', 'YYYYMMDD')::int AS digits, \
        to_char((now() AT TIME ZONE 'UTC') - (g - 1) * interval '1 day', 'YYYY-MM-DD HH24:MI:SS') AS said \
        FROM generate_series(1, 20) g";
    let columns = [
        ("moment", json!({})),
        ("at", json!({})),
        ("seconds", json!({ "unit": "s" })),
        ("millis", json!({ "unit": "ms" })),
    ];
    check(&store, make, &columns).await;
    // A day is old when all of it is.
    for (column, more) in [("day", json!({})), ("digits", json!({ "unit": "yyyymmdd" })), ("said", json!({}))] {
        store.execute(make).await;
        let (removed, _) = left(&store, "aged", column, more).await;
        assert_eq!(removed, json!(9), "{column}");
    }
    store.execute(make).await;
    let (removed, kept) = left(&store, "aged", "moment", json!({ "where": "id % 2 = 0 -- even", "limit": 3 })).await;
    // All are asked for twice: six of the five even ones.
    assert_eq!((removed, kept.len()), (json!(3), 15), "three by three");
    store.end().await;
}

/// Rows of two partitions lie at the same place within them.
#[tokio::test]
async fn old_rows_of_a_partitioned_table_go_and_no_others() {
    let Some(store) = Store::postgres("old_rows_of_a_partitioned_table_go_and_no_others").await else { return };
    store
        .execute(
            "CREATE TABLE parts (id int, kind int, moment timestamptz) PARTITION BY LIST (kind); \
             CREATE TABLE old_part PARTITION OF parts FOR VALUES IN (0); \
             CREATE TABLE new_part PARTITION OF parts FOR VALUES IN (1); \
             INSERT INTO parts SELECT g, 0, now() - interval '30 days' FROM generate_series(1, 50) g; \
             INSERT INTO parts SELECT g, 1, now() FROM generate_series(51, 100) g",
        )
        .await;
    let (removed, kept) = left(&store, "parts", "moment", json!({ "limit": 20 })).await;
    assert_eq!((removed, kept.len()), (json!(20), 60));
    let (removed, kept) = left(&store, "parts", "moment", json!({})).await;
    let mut expected: Vec<String> = (51..=100).map(|n| n.to_string()).collect();
    expected.sort();
    assert_eq!((removed, kept), (json!(10), expected));
    store.end().await;
}

#[tokio::test]
async fn old_rows_of_mariadb_go() {
    let Some(store) = Store::mysql("old_rows_of_mariadb_go").await else { return };
    let make = "DROP TABLE IF EXISTS aged; CREATE TABLE aged AS SELECT seq AS id, \
        CAST(utc_timestamp(6) - INTERVAL seq DAY + INTERVAL 1 HOUR AS datetime(6)) AS at, \
        unix_timestamp() - seq * 86400 + 3600 AS seconds, \
        CAST(date_format(utc_timestamp() - INTERVAL seq - 1 DAY, '%Y%m%d') AS int) AS digits, \
        date(utc_timestamp() - INTERVAL seq - 1 DAY) AS day FROM seq_1_to_20; \
        ALTER TABLE aged ADD COLUMN moment timestamp(6) NULL; \
        UPDATE aged SET moment = from_unixtime(seconds)";
    let columns = [("at", json!({})), ("seconds", json!({ "unit": "s" })), ("moment", json!({}))];
    check(&store, make, &columns).await;
    for (column, more) in [("day", json!({})), ("digits", json!({ "unit": "yyyymmdd" }))] {
        store.execute(make).await;
        let (removed, _) = left(&store, "aged", column, more).await;
        assert_eq!(removed, json!(9), "{column}");
    }
    store.end().await;
}

#[tokio::test]
async fn old_rows_of_sqlite_go() {
    let Some(store) = Store::sqlite("old_rows_of_sqlite_go").await else { return };
    let series = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 20)";
    let make = format!(
        "DROP TABLE IF EXISTS aged; CREATE TABLE aged (id INTEGER, at DATETIME, seconds INTEGER); \
         {series} INSERT INTO aged SELECT n, datetime('now', '-' || n || ' days', '+1 hour'), \
         unixepoch('now') - n * 86400 + 3600 FROM s"
    );
    check(&store, &make, &[("at", json!({})), ("seconds", json!({ "unit": "s" }))]).await;
    store.end().await;
}

#[tokio::test]
async fn old_rows_of_tdengine_go() {
    let Some(store) = Store::tdengine("old_rows_of_tdengine_go").await else { return };
    let now = chrono::Utc::now().timestamp_micros();
    let rows: Vec<String> =
        (1..=20_i64).map(|n| format!("({}, {n})", now - n * 86_400_000_000 + 3_600_000_000)).collect();
    store
        .execute(&format!("CREATE TABLE aged (ts TIMESTAMP, id INT); INSERT INTO aged VALUES {}", rows.join(" ")))
        .await;
    let (removed, kept) = left(&store, "aged", "ts", json!({})).await;
    assert_eq!((removed, kept.len()), (json!(10), 10));
    store.end().await;
}

#[tokio::test]
async fn keys_of_redis_expire_by_themselves() {
    let Some(store) = Store::redis("keys_of_redis_expire_by_themselves").await else { return };
    let rows = json!({ "connection": "store", "table": "nothing:*", "column": "at", "older_than": "1d" });
    let error = store.world().act(&Cleanup, json!({ "rows": rows })).await.map(|report| report.outputs).unwrap_err();
    assert!(matches!(error.code(), ErrorCode::Unsupported | ErrorCode::TableNotFound), "{error}");
    store.end().await;
}
