use super::world::*;
use arrow::array::*;
use data::connector::{ReadOptions, TableInfo};
use data::{Mode, WriteOptions};
use meter::Meter;
use model::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

async fn names(world: &World, table: &str) -> Vec<(i64, String)> {
    let rows = world.rows(table, &["id"]).await;
    let ids = rows.column_by_name("id").unwrap().as_primitive::<arrow::datatypes::Int64Type>().clone();
    let names = rows.column_by_name("name").unwrap().as_string::<i32>().clone();
    (0..rows.num_rows()).map(|row| (ids.value(row), names.value(row).to_owned())).collect()
}

fn expect(rows: &[(i64, &str)]) -> Vec<(i64, String)> {
    rows.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}

pub(super) async fn append_adds_rows(world: &World) {
    world.write(WriteOptions::append("t"), &named(&[(1, "a")])).await.unwrap();
    let written = world.write(WriteOptions::append("t"), &named(&[(2, "b"), (3, "c")])).await.unwrap();
    assert_eq!(written.rows, 2);
    assert_eq!(names(world, "t").await, expect(&[(1, "a"), (2, "b"), (3, "c")]));
}

pub(super) async fn insert_ignore_keeps_what_is_there(world: &World) {
    let options = || keyed("t", Mode::InsertIgnore, &["id"]);
    world.write(options(), &named(&[(1, "a"), (2, "b")])).await.unwrap();
    world.write(options(), &named(&[(2, "x"), (3, "c"), (3, "y")])).await.unwrap();
    assert_eq!(names(world, "t").await, expect(&[(1, "a"), (2, "b"), (3, "c")]));
}

pub(super) async fn upsert_replaces_written_columns(world: &World) {
    world
        .connector
        .execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(20), note VARCHAR(20) DEFAULT 'new')")
        .await
        .unwrap();
    world.connector.execute("INSERT INTO t VALUES (1, 'a', 'old')").await.unwrap();
    world.write(keyed("t", Mode::Upsert, &["id"]), &named(&[(1, "x"), (2, "b")])).await.unwrap();
    assert_eq!(notes(world).await, ["old", "new"]);
    assert_eq!(names(world, "t").await, expect(&[(1, "x"), (2, "b")]));
}

pub(super) async fn replace_resets_columns_not_written(world: &World) {
    world
        .connector
        .execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(20), note VARCHAR(20) DEFAULT 'new')")
        .await
        .unwrap();
    world.connector.execute("INSERT INTO t VALUES (1, 'a', 'old'), (3, 'c', 'kept')").await.unwrap();
    world.write(keyed("t", Mode::Replace, &["id"]), &named(&[(1, "x"), (2, "b")])).await.unwrap();
    assert_eq!(notes(world).await, ["new", "new", "kept"]);
    assert_eq!(names(world, "t").await, expect(&[(1, "x"), (2, "b"), (3, "c")]));
}

async fn notes(world: &World) -> Vec<String> {
    let rows = world.rows("t", &["id"]).await;
    let notes = rows.column_by_name("note").unwrap().as_string::<i32>().clone();
    notes.iter().map(|note| note.unwrap().to_owned()).collect()
}

pub(super) async fn the_last_row_of_a_batch_wins_an_upsert(world: &World) {
    world.write(keyed("t", Mode::Upsert, &["id"]), &named(&[(1, "a"), (2, "b"), (1, "c")])).await.unwrap();
    assert_eq!(names(world, "t").await, expect(&[(1, "c"), (2, "b")]));
}

pub(super) async fn truncate_empties_once_a_run(world: &World) {
    let rows = named(&[(1, "a")]);
    world.write(WriteOptions::append("t"), &named(&[(9, "old")])).await.unwrap();
    let options = |fence| WriteOptions { mode: Mode::Truncate, ..ledgered("t", fence) };
    let mut sink = world.connector.write(rows.schema(), options(1)).await.unwrap();
    sink.claim(&lane()).await.unwrap();
    sink.write(&batch(1, &rows)).await.unwrap();
    sink.finish().await.unwrap();
    // A later attempt of the same run goes on rather than starting over.
    let mut sink = world.connector.write(rows.schema(), options(2)).await.unwrap();
    sink.claim(&lane()).await.unwrap();
    assert!(sink.write(&batch(1, &rows)).await.unwrap().skipped);
    sink.write(&batch(2, &named(&[(2, "b")]))).await.unwrap();
    sink.finish().await.unwrap();
    assert_eq!(names(world, "t").await, expect(&[(1, "a"), (2, "b")]));
}

pub(super) async fn truncate_without_rows_empties_the_table(world: &World) {
    let rows = named(&[(9, "old")]);
    world.write(WriteOptions::append("t"), &rows).await.unwrap();
    let options = WriteOptions { mode: Mode::Truncate, ..WriteOptions::append("t") };
    let mut sink = world.connector.write(rows.schema(), options).await.unwrap();
    sink.finish().await.unwrap();
    assert_eq!(world.count("t").await, 0);
}

pub(super) async fn upsert_without_unique_key_is_refused(world: &World) {
    world.connector.execute("CREATE TABLE t (id BIGINT, name VARCHAR(20))").await.unwrap();
    let error = world.write(keyed("t", Mode::Upsert, &["id"]), &named(&[(1, "a")])).await.unwrap_err();
    assert!(error.to_string().contains("`id`") && error.to_string().contains("unique"), "{error}");
    let error = world.write(keyed("new", Mode::Upsert, &[]), &named(&[(1, "a")])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::MissingKey, "{error}");
    assert_eq!(world.count("t").await, 0);
}

pub(super) async fn a_hundred_thousand_rows_arrive(world: &World) {
    let part = |from: i64| {
        let ids: Int64Array = (from..from + 10_000).collect();
        let names: StringArray = (from..from + 10_000).map(|id| Some(format!("name {id}"))).collect();
        records(vec![("id", Arc::new(ids) as ArrayRef), ("name", Arc::new(names))])
    };
    let schema = part(0).schema();
    let options = WriteOptions { mode: Mode::Upsert, key: vec!["id".to_owned()], ..ledgered("t", 1) };
    let (writing, reading) = (Meter::default(), Meter::default());
    let parts: Vec<RecordBatch> = (0..10).map(|sequence| part(sequence * 10_000)).collect();
    let written = async {
        let mut sink = world.connector.write(schema, options).await.unwrap();
        sink.claim(&lane()).await.unwrap();
        for (sequence, part) in (1..).zip(&parts) {
            sink.write(&batch(sequence, part)).await.unwrap();
        }
        sink.finish().await.unwrap();
    };
    writing.count(written).await;
    let read = async {
        let options = ReadOptions { order_by: vec!["id".to_owned()], ..ReadOptions::table("t") };
        let mut source = world.connector.read(options).await.unwrap();
        while source.next().await.unwrap().is_some() {}
    };
    reading.count(read).await;
    // Whoever only waits for another task or thread of the connector takes far less.
    for meter in [writing, reading] {
        assert!(meter.spent() > Duration::from_millis(10), "{:?}", meter.spent());
    }
    let rows = world.rows("t", &["id"]).await;
    let ids = rows.column(0).as_primitive::<arrow::datatypes::Int64Type>();
    assert_eq!(ids.values().to_vec(), (0..100_000).collect::<Vec<i64>>());
    assert_eq!(rows.column(1).as_string::<i32>().value(99_999), "name 99999");
    let table: TableInfo = world.connector.find_table("t").await.unwrap().unwrap();
    assert_eq!(table.key, ["id"]);
}
