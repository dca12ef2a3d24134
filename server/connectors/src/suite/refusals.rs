use super::world::*;
use arrow::array::*;
use data::connector::ReadOptions;
use data::{System, WriteOptions};
use model::ErrorCode;
use std::sync::Arc;

const STRICT: &str = "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(5) NOT NULL CHECK (name <> 'bad'))";

fn keep(table: &str) -> WriteOptions {
    WriteOptions { keep_refused: true, ..WriteOptions::append(table) }
}

pub(super) async fn refused_rows_are_named(world: &World) {
    world.connector.execute(STRICT).await.unwrap();
    let rows = named(&[(1, "a"), (2, "bad"), (3, "c"), (1, "d"), (5, "e"), (6, "bad"), (7, "g")]);
    let written = world.write(keep("t"), &rows).await.unwrap();
    let refused: Vec<usize> = written.refused.iter().map(|row| row.row).collect();
    assert_eq!(refused, [1, 3, 5]);
    assert_eq!(written.rows, 4);
    assert!(written.refused.iter().all(|row| !row.reason.is_empty()));
    assert_eq!(world.rows("t", &["id"]).await.num_rows(), 4);
}

pub(super) async fn a_row_that_clashes_is_named(world: &World) {
    world.connector.execute(STRICT).await.unwrap();
    let error = world.write(WriteOptions::append("t"), &named(&[(1, "a"), (2, "b"), (1, "c")])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert!(error.to_string().contains("row 3"), "{error}");
    assert_eq!(world.count("t").await, 0);
}

pub(super) async fn a_missing_column_is_named(world: &World) {
    world.connector.execute("CREATE TABLE t (id BIGINT, nme VARCHAR(5), extra VARCHAR(5))").await.unwrap();
    let error = world.write(WriteOptions::append("t"), &named(&[(1, "a")])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ColumnNotFound);
    let told = error.to_string();
    assert!(told.contains("`name`") && told.contains("`nme`"), "{told}");
    let options = ReadOptions { columns: vec!["idd".to_owned()], ..ReadOptions::table("t") };
    let error = world.connector.read(options).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::ColumnNotFound, "{error}");
}

pub(super) async fn a_missing_table_is_named(world: &World) {
    world.write(WriteOptions::append("history"), &named(&[(1, "a")])).await.unwrap();
    let error = world.connector.read(ReadOptions::table("histroy")).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::TableNotFound);
    assert!(error.to_string().contains("`histroy`") && error.to_string().contains("`history`"), "{error}");
    let options = WriteOptions { create: false, ..WriteOptions::append("absent") };
    let error = world.write(options, &named(&[(1, "a")])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound);
}

pub(super) async fn weird_names_work(world: &World) {
    for table in ["\"Weird \"\"Näme\"\" 日本\"", "\"select\"", "größe"] {
        let rows = records(vec![
            ("id", Arc::new(Int64Array::from(vec![1])) as ArrayRef),
            ("from", Arc::new(StringArray::from(vec!["x"]))),
            ("sp ace'\"日本", Arc::new(StringArray::from(vec!["y"]))),
        ]);
        let options = keyed(table, data::Mode::Upsert, &["id"]);
        world.write(options.clone(), &rows).await.unwrap();
        world.write(options, &rows).await.unwrap();
        assert_eq!(world.rows(table, &["id"]).await, rows, "{table}");
    }
}

pub(super) async fn a_value_too_long_is_refused(world: &World) {
    if world.is(System::Sqlite) {
        // SQLite keeps text of any length, whatever the declared type says.
        return;
    }
    world.connector.execute(STRICT).await.unwrap();
    let rows = named(&[(1, "fits"), (2, "too long"), (3, "ok")]);
    let error = world.write(WriteOptions::append("t"), &rows).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused);
    assert!(error.to_string().contains("name") && error.to_string().contains("row 2"), "{error}");
    let written = world.write(keep("t"), &rows).await.unwrap();
    assert_eq!(written.refused.iter().map(|row| row.row).collect::<Vec<_>>(), [1]);
    assert!(written.refused[0].reason.contains("too long"), "{}", written.refused[0].reason);
}

pub(super) async fn an_option_of_another_system_is_refused(world: &World) {
    let rows = named(&[(1, "fits")]);
    let mut options = WriteOptions::append("t");
    options.extra.insert("ttl".to_owned(), 60.into());
    let error = world.write(options, &rows).await.unwrap_err();
    assert!(error.code() == ErrorCode::UnknownKey && error.to_string().contains("`ttl`"), "{error}");
    assert!(world.connector.find_table("t").await.unwrap().is_none());
}
