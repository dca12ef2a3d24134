//! Transactions that a plugin keeps: what is committed is there, everything else is not, and nothing leaves them.

use super::world::World;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use data::System;
use model::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(10);

fn rows(ids: &[i64], names: &[Option<&str>]) -> RecordBatch {
    let prices = Float64Array::from_iter_values(ids.iter().map(|id| *id as f64 / 2.0));
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int64Array::from(ids.to_vec())) as ArrayRef, true),
        ("name", Arc::new(StringArray::from(names.to_vec())) as ArrayRef, true),
        ("price", Arc::new(prices) as ArrayRef, true),
    ])
    .unwrap()
}

fn none() -> RecordBatch {
    RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()))
}

async fn with_table(world: &World) {
    let double = if world.is(System::Sqlite) { "REAL" } else { "DOUBLE PRECISION" };
    let sql = format!("CREATE TABLE kept (id BIGINT PRIMARY KEY, name VARCHAR(20), price {double})");
    world.connector.execute(&sql).await.unwrap();
}

fn insert(world: &World) -> &'static str {
    match world.is(System::Postgres) {
        true => "INSERT INTO kept (id, name, price) VALUES ($1, $2, $3)",
        false => "INSERT INTO kept (id, name, price) VALUES (?, ?, ?)",
    }
}

pub(super) async fn a_transaction_is_there_whole_or_not_at_all(world: &World) {
    with_table(world).await;
    let mut kept = world.connector.begin(TIME).await.unwrap();
    assert_eq!(kept.write("kept", &rows(&[1, 2], &[Some("a"), None])).await.unwrap(), 2);
    assert_eq!(kept.execute(insert(world), &rows(&[3, 4], &[Some("it's ü"), Some("d")])).await.unwrap(), 2);
    assert_eq!(kept.execute("UPDATE kept SET name = 'both' WHERE id < 3", &none()).await.unwrap(), 2);
    assert_eq!(kept.execute("DELETE FROM kept WHERE id = 4", &none()).await.unwrap(), 1);
    kept.commit().await.unwrap();
    drop(kept);
    let expected = rows(&[1, 2, 3], &[Some("both"), Some("both"), Some("it's ü")]);
    assert_eq!(world.rows("kept", &["id"]).await.columns(), expected.columns());

    // Dropped, it leaves nothing, and the table is free for others.
    let mut kept = world.connector.begin(TIME).await.unwrap();
    kept.write("kept", &rows(&[7], &[None])).await.unwrap();
    kept.execute("DELETE FROM kept WHERE id = 1", &none()).await.unwrap();
    drop(kept);
    let mut kept = world.connector.begin(TIME).await.unwrap();
    assert_eq!(kept.execute("UPDATE kept SET name = 'free' WHERE id = 1", &none()).await.unwrap(), 1);
    kept.commit().await.unwrap();
    assert_eq!(world.count("kept").await, 3);
}

pub(super) async fn nothing_leaves_a_transaction(world: &World) {
    with_table(world).await;
    for sql in [
        "COMMIT",
        "ROLLBACK",
        "BEGIN",
        "INSERT INTO kept (id) VALUES (1); COMMIT",
        "SET search_path = x",
        "GRANT ALL ON kept TO nobody",
        "DROP DATABASE x",
        "VACUUM",
        "PRAGMA user_version = 7",
        "ATTACH 'x' AS y",
        "",
        "SELECT 'unclosed",
    ] {
        let mut kept = world.connector.begin(TIME).await.unwrap();
        kept.write("kept", &rows(&[1], &[None])).await.unwrap();
        let error = kept.execute(sql, &none()).await.unwrap_err();
        let codes = [ErrorCode::StatementNotAllowed, ErrorCode::InvalidSql];
        assert!(codes.contains(&error.code()), "{sql}: {error}");
        drop(kept);
    }
    assert_eq!(world.count("kept").await, 0);
}

pub(super) async fn what_a_transaction_cannot_take_is_told(world: &World) {
    with_table(world).await;
    let refused = async |work: Work<'_>| {
        let mut kept = world.connector.begin(TIME).await.unwrap();
        match work {
            Work::Write(table, rows) => kept.write(table, rows).await.unwrap_err(),
            Work::Execute(sql, rows) => kept.execute(sql, rows).await.unwrap_err(),
        }
    };
    let two = rows(&[1, 1], &[None, None]);
    let error = refused(Work::Write("kept", &two)).await;
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    let error = refused(Work::Execute(insert(world), &two)).await;
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    let error = refused(Work::Execute(insert(world), &none())).await;
    assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
    let error = refused(Work::Write("no_such_table", &two)).await;
    assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
    let odd = RecordBatch::try_from_iter([("odd", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
    let error = refused(Work::Write("kept", &odd)).await;
    assert_eq!(error.code(), ErrorCode::ColumnNotFound, "{error}");
    assert_eq!(world.count("kept").await, 0);
    // The connector is as good as before.
    let mut kept = world.connector.begin(TIME).await.unwrap();
    kept.write("kept", &rows(&[1], &[None])).await.unwrap();
    kept.commit().await.unwrap();
    assert_eq!(world.count("kept").await, 1);
}

/// What is tried.
enum Work<'a> {
    Write(&'a str, &'a RecordBatch),
    Execute(&'a str, &'a RecordBatch),
}
