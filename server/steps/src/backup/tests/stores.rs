//! Real stores: what a `backup` step wrote comes back row for row, by the native program and by the connector.

use super::*;
use crate::real::Store;
use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use data::connector::ReadOptions;
use data::{Mode, WriteOptions};

const POSTGRES: &str = "CREATE TABLE parents (id int PRIMARY KEY, name text NOT NULL); \
    CREATE TABLE bars (id bigint PRIMARY KEY, parent int REFERENCES parents, price numeric(38,10), at timestamptz, \
      raw bytea, tags text[], ratio double precision, note text, twice numeric GENERATED ALWAYS AS (price * 2) STORED); \
    CREATE INDEX by_note ON bars (lower(note)); \
    INSERT INTO parents SELECT g, 'p' || g FROM generate_series(0, 9) g; \
    INSERT INTO bars SELECT g, g % 10, g / 7.0, to_timestamp(g * 1e6 + 0.000001), decode(lpad(to_hex(g), 8, '0'), 'hex'), \
      ARRAY['a', NULL, '\"', ''], CASE g WHEN 1 THEN float8 'NaN' WHEN 2 THEN float8 '-Infinity' ELSE g END, \
      CASE g % 3 WHEN 0 THEN NULL WHEN 1 THEN E'it''s \\\\ 日本 🦀\\n\\t' ELSE '' END FROM generate_series(1, 3000) g";

const MYSQL: &str = "CREATE TABLE parents (id int PRIMARY KEY, name varchar(20) NOT NULL); \
    CREATE TABLE bars (id bigint unsigned PRIMARY KEY, parent int, price decimal(65,30), at datetime(6), seen timestamp(6) NULL, \
      raw varbinary(20), flags bit(64), kind enum('a','b,c'), note text CHARACTER SET utf8mb4, \
      twice decimal(65,20) AS (price * 2) STORED, KEY by_note (note(10)), FOREIGN KEY (parent) REFERENCES parents (id)); \
    INSERT INTO parents SELECT seq, concat('p', seq) FROM seq_0_to_9; \
    INSERT INTO bars (id, parent, price, at, seen, raw, flags, kind, note) SELECT seq, seq % 10, seq / 7, \
      '1000-01-01' + INTERVAL seq MICROSECOND, '2024-01-02 03:04:05.000001' + INTERVAL seq SECOND, \
      unhex(lpad(hex(seq), 8, '0')), ~seq, IF(seq % 2, 'a', 'b,c'), \
      CASE seq % 3 WHEN 0 THEN NULL WHEN 1 THEN 'it''s \\\\ 日本 🦀\\n\\t' ELSE '' END FROM seq_1_to_3000; \
    INSERT INTO bars (id) VALUES (18446744073709551615)";

const SQLITE: &str = "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL); \
    CREATE TABLE bars (id INTEGER PRIMARY KEY, parent INT REFERENCES parents, price DECIMAL_TEXT(38,10), at DATETIME, \
      raw BLOB, ratio REAL, note TEXT); \
    CREATE INDEX by_note ON bars (lower(note)); \
    WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 9) INSERT INTO parents SELECT n, 'p' || n FROM s; \
    WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000) \
    INSERT INTO bars SELECT n, n % 10, n || '.0000000001', datetime(n * 1000000, 'unixepoch'), x'00ff', n / 7.0, \
      CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN 'it''s \\ 日本 🦀' ELSE '' END FROM s; \
    INSERT INTO bars (id, ratio) VALUES (9223372036854775807, 9e999)";

const TDENGINE: &str = "CREATE STABLE ticks (ts TIMESTAMP, price DOUBLE, volume BIGINT UNSIGNED, note NCHAR(20)) TAGS (symbol VARCHAR(20)); \
    CREATE TABLE bars (ts TIMESTAMP, amount DECIMAL(38,10), raw VARBINARY(8)); \
    INSERT INTO t_a USING ticks TAGS ('600000.SH') VALUES (1704160800000001, 0.1, 18446744073709551615, '日本 🦀') (1704160800000002, NULL, 0, ''); \
    INSERT INTO t_b USING ticks TAGS ('000001.SZ') VALUES (1704160800000001, -1.5, NULL, 'it\\'s'); \
    INSERT INTO bars VALUES (1704160800000000, 9999999999999999999999999999.9999999999, '\\x00ff') (1704160800000001, NULL, NULL)";

/// Backs up by the step, spoils the store, brings the backup back and compares.
async fn comes_back(store: Store, native: bool, methods: &[&str], tables: &[&str], spoil: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let world = World { data_dir: Some(folder.path().to_owned()), ..store.world() };
    let rows = async |store: &Store| {
        let mut rows = Vec::new();
        for table in tables {
            rows.push(store.rows(ReadOptions::table(table)).await);
        }
        rows
    };
    let before = rows(&store).await;
    assert!(before.iter().all(|rows| !rows.is_empty()));
    let with = json!({ "connection": "store", "native": native });
    let report = world.act(&Backup, with).await.unwrap();
    let record = records(&world).await.remove(0);
    assert_eq!(
        (report.outputs["backup"].as_str(), record.status),
        (Some(record.id.to_string().as_str()), BackupStatus::Complete)
    );
    if native && record.method == "connector" && methods[0] != "connector" {
        assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{} is missing", methods[0]);
        eprintln!("skipped: {} of the server's version is missing", methods[0]);
        return store.end().await;
    }
    assert!(methods.contains(&record.method.as_str()), "{}", record.method);
    for statement in spoil {
        store.execute(statement).await;
    }
    let vault = Vault::new(folder.path(), world.watch.clone());
    if !spoil.is_empty() {
        assert_ne!(rows(&store).await, before);
    }
    // What is there is not overwritten unless that is allowed.
    assert!(vault.restore(record.id, store.connector.as_ref(), false).await.is_err());
    vault.restore(record.id, store.connector.as_ref(), true).await.unwrap();
    assert_eq!(rows(&store).await, before);
    // Once more, over what is whole.
    vault.restore(record.id, store.connector.as_ref(), true).await.unwrap();
    assert_eq!(rows(&store).await, before);
    store.end().await;
}

#[tokio::test]
async fn a_postgres_backup_comes_back() {
    for (native, method) in [(true, "pg_dump"), (false, "connector")] {
        let Some(store) = Store::postgres("a_postgres_backup_comes_back").await else { return };
        store.execute(POSTGRES).await;
        let spoil = [
            "DELETE FROM bars WHERE id % 2 = 0",
            "UPDATE bars SET note = 'x'",
            "INSERT INTO parents VALUES (99, 'new')",
        ];
        comes_back(store, native, &[method], &["bars", "parents"], &spoil).await;
    }
}

#[tokio::test]
async fn a_mariadb_backup_comes_back() {
    for (native, methods) in [(true, ["mariadb-dump", "mysqldump"]), (false, ["connector", "connector"])] {
        let Some(store) = Store::mysql("a_mariadb_backup_comes_back").await else { return };
        store.execute(MYSQL).await;
        let spoil = [
            "DELETE FROM bars WHERE id % 2 = 0",
            "UPDATE bars SET note = 'x'",
            "INSERT INTO parents VALUES (99, 'new')",
        ];
        comes_back(store, native, &methods, &["bars", "parents"], &spoil).await;
    }
}

#[tokio::test]
async fn an_sqlite_backup_comes_back() {
    let Some(store) = Store::sqlite("an_sqlite_backup_comes_back").await else { return };
    store.execute(SQLITE).await;
    let spoil =
        ["DELETE FROM bars WHERE id % 2 = 0", "UPDATE bars SET note = 'x'", "INSERT INTO parents VALUES (99, 'new')"];
    comes_back(store, true, &["sqlite backup"], &["bars", "parents"], &spoil).await;
}

#[tokio::test]
async fn a_tdengine_backup_comes_back() {
    let Some(store) = Store::tdengine("a_tdengine_backup_comes_back").await else { return };
    store.execute(TDENGINE).await;
    let spoil = ["DELETE FROM bars WHERE ts >= 0", "INSERT INTO t_b VALUES (1704160800000009, 7, 7, 'new')"];
    comes_back(store, true, &["connector"], &["bars", "ticks"], &spoil).await;
}

#[tokio::test]
async fn a_redis_backup_comes_back() {
    let Some(store) = Store::redis("a_redis_backup_comes_back").await else { return };
    let place = store.place.clone();
    let rows = |symbols: &[&str], prices: &[i64]| {
        let symbols: ArrayRef = Arc::new(StringArray::from(symbols.to_vec()));
        let prices: ArrayRef = Arc::new(Int64Array::from(prices.to_vec()));
        RecordBatch::try_from_iter([("symbol", symbols), ("price", prices)]).unwrap()
    };
    let quotes = || WriteOptions { mode: Mode::Upsert, ..WriteOptions::append(&format!("{place}:{{symbol}}")) };
    store.write(quotes(), &rows(&["A", "日本 🦀"], &[i64::MIN, 7])).await;
    let folder = tempfile::tempdir().unwrap();
    let world = World { data_dir: Some(folder.path().to_owned()), ..store.world() };
    let pattern = format!("{place}:*");
    let before = store.rows(ReadOptions::table(&pattern)).await;
    assert_eq!(before.len(), 2);
    world.act(&Backup, json!({ "connection": "store", "tables": [pattern] })).await.unwrap();
    let record = records(&world).await.remove(0);
    store.write(quotes(), &rows(&["A"], &[1])).await;
    assert_ne!(store.rows(ReadOptions::table(&pattern)).await, before);
    let vault = Vault::new(folder.path(), world.watch.clone());
    assert!(vault.restore(record.id, store.connector.as_ref(), false).await.is_err());
    vault.restore(record.id, store.connector.as_ref(), true).await.unwrap();
    assert_eq!(store.rows(ReadOptions::table(&pattern)).await, before);
    clear(&store, &["A", "日本 🦀"]).await;
    store.end().await;
}

/// Lets the keys vanish: the server is shared.
async fn clear(store: &Store, symbols: &[&str]) {
    let names: ArrayRef = Arc::new(StringArray::from(symbols.to_vec()));
    let gone: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; symbols.len()]));
    let rows = RecordBatch::try_from_iter_with_nullable([("symbol", names, true), ("value", gone, true)]).unwrap();
    let extra = json!({ "structure": "string", "value": "value" });
    let options = WriteOptions {
        mode: Mode::Upsert,
        extra: extra.as_object().cloned().unwrap(),
        ..WriteOptions::append(&format!("{}:{{symbol}}", store.place))
    };
    store.write(options, &rows).await;
    assert!(store.rows(ReadOptions::table(&format!("{}:*", store.place))).await.is_empty());
}
