use super::world::*;
use arrow::array::*;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int64Type};
use data::connector::ReadOptions;
use data::{Mode, Resume, WriteOptions};
use std::sync::Arc;

pub(super) async fn an_empty_table_has_columns(world: &World) {
    world.write(WriteOptions::append("t"), &named(&[])).await.unwrap();
    let rows = world.rows("t", &[]).await;
    assert_eq!((rows.num_rows(), rows.num_columns()), (0, 2));
    assert_eq!(rows.schema().field(0).data_type(), &DataType::Int64);
}

pub(super) async fn rows_come_in_order_and_go_on_at_a_checkpoint(world: &World) {
    let count = 20_000i64;
    let keys: StringArray = (0..count).map(|id| Some(format!("k'{}", id % 100))).collect();
    let ids: Int64Array = (0..count).rev().collect();
    let rows = records(vec![("name", Arc::new(keys) as ArrayRef), ("id", Arc::new(ids))]);
    world
        .connector
        .execute("CREATE TABLE t (name VARCHAR(20) NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (name, id))")
        .await
        .unwrap();
    world.write(keyed("t", Mode::Upsert, &["name", "id"]), &rows).await.unwrap();
    let whole = world.rows("t", &["name", "id"]).await;
    assert_eq!(whole.num_rows(), 20_000);
    let options = |resume_at| {
        let order_by = vec!["name".to_owned(), "id".to_owned()];
        ReadOptions { order_by, resume_at, columns: vec!["id".to_owned()], ..ReadOptions::table("t") }
    };
    let mut source = world.connector.read(options(None)).await.unwrap();
    assert_eq!(source.resume(), Resume::Checkpoint);
    let first = source.next().await.unwrap().unwrap();
    let checkpoint = first.checkpoint.clone().unwrap();
    drop(source);
    let rest = world.read(options(Some(checkpoint))).await;
    let together = concat_batches(&rest.schema(), [&first.records, &rest]).unwrap();
    assert_eq!(together.column(0), whole.column_by_name("id").unwrap());
    // At the end nothing is left.
    let mut source = world.connector.read(options(None)).await.unwrap();
    let mut last = None;
    while let Some(batch) = source.next().await.unwrap() {
        last = batch.checkpoint.or(last);
    }
    assert_eq!(world.read(options(last)).await.num_rows(), 0);
}

pub(super) async fn text_sorts_by_its_bytes(world: &World) {
    world
        .write(
            WriteOptions::append("t"),
            &named(&[(1, "b"), (2, "a"), (3, "B"), (4, "é"), (5, "_"), (6, "🦀"), (7, "\u{ffee}")]),
        )
        .await
        .unwrap();
    let null = records(vec![
        ("id", Arc::new(Int64Array::from(vec![8])) as ArrayRef),
        ("name", Arc::new(StringArray::from(vec![None::<&str>]))),
    ]);
    world.write(WriteOptions::append("t"), &null).await.unwrap();
    let rows = world.rows("t", &["name"]).await;
    assert_eq!(rows.column(0).as_primitive::<Int64Type>().values().to_vec(), [8, 3, 5, 2, 1, 4, 7, 6]);
}

pub(super) async fn columns_filter_and_limit_apply(world: &World) {
    world.write(WriteOptions::append("t"), &named(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")])).await.unwrap();
    let options = ReadOptions {
        columns: vec!["name".to_owned()],
        filter: Some("id > 1 -- comment".to_owned()),
        order_by: vec!["id".to_owned()],
        limit: Some(2),
        ..ReadOptions::table("t")
    };
    let rows = world.read(options).await;
    assert_eq!(rows.num_columns(), 1);
    assert_eq!(rows.column(0).as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["b", "c"]);
}

pub(super) async fn a_query_is_read(world: &World) {
    world.write(WriteOptions::append("t"), &named(&[(1, "a"), (2, "b")])).await.unwrap();
    let mut options = ReadOptions::query("SELECT id, name AS label FROM t WHERE id < 3 -- all of them\n;");
    options.order_by = vec!["id".to_owned()];
    let mut source = world.connector.read(options).await.unwrap();
    assert_eq!(source.resume(), Resume::Nothing);
    assert_eq!(source.schema().field(1).name(), "label");
    assert_eq!(source.next().await.unwrap().unwrap().records.num_rows(), 2);
}

pub(super) async fn a_dropped_source_frees_its_connection(world: &World) {
    let many: Int64Array = (0..100_000).collect();
    world.write(WriteOptions::append("t"), &records(vec![("id", Arc::new(many) as ArrayRef)])).await.unwrap();
    for _ in 0..40 {
        let mut source = world.connector.read(ReadOptions::table("t")).await.unwrap();
        source.next().await.unwrap();
    }
    assert_eq!(world.count("t").await, 100_000);
    assert_eq!(world.rows("t", &[]).await.num_rows(), 100_000);
}

pub(super) async fn a_table_is_described(world: &World) {
    world.write(keyed("t", Mode::Upsert, &["id"]), &named(&[(1, "a")])).await.unwrap();
    assert!(world.connector.list_tables().await.unwrap().contains(&"t".to_owned()));
    let table = world.connector.find_table("t").await.unwrap().unwrap();
    assert_eq!(table.key, ["id"]);
    let columns: Vec<_> = table.columns.iter().map(|column| (column.name.as_str(), column.nullable)).collect();
    assert_eq!(columns, [("id", false), ("name", true)]);
    assert_eq!(table.columns[0].data_type, DataType::Int64);
    assert_eq!(world.connector.find_table("absent").await.unwrap(), None);
}
