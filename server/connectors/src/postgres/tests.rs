#![allow(clippy::unwrap_used)]

mod backup;
mod console;
mod database;
mod failures;
mod inspect;
mod tls;
mod values;

use crate::suite::world::{World, batch, keyed, named, records};
use arrow::array::*;
use arrow::datatypes::DataType;
use data::connector::ReadOptions;
use data::{Mode, WriteOptions};
use model::ErrorCode;
use std::sync::Arc;

/// Reads `SELECT <sql>` and compares each column's type and text.
async fn check(world: &World, sql: &str, expected: &[(DataType, &str)]) {
    let rows = world.read(ReadOptions::query(&format!("SELECT {sql}"))).await;
    for (index, (data_type, text)) in expected.iter().enumerate() {
        assert_eq!(rows.schema().field(index).data_type(), data_type, "column {index} of {sql}");
        assert_eq!(
            crate::cell::text(rows.column(index), 0).unwrap_or("NULL".to_owned()),
            *text,
            "column {index} of {sql}"
        );
    }
}

#[tokio::test]
async fn types_without_an_arrow_peer_become_text() {
    let Some(world) = World::postgres("types_without_an_arrow_peer_become_text").await else { return };
    let utf8 = |text| (DataType::Utf8, text);
    check(
        &world,
        "interval '1 year 2 days' a, '10.0.0.1'::inet b, ARRAY[1, NULL, 3] c, ARRAY['x\"y'] d, '{\"k\": 1}'::jsonb e, \
         'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid f, '[1,5)'::int4range g, NULL::point h, '(1,2)'::point i, 'x'::\"char\" j",
        &[
            utf8("P1Y2D"),
            utf8("10.0.0.1"),
            utf8("[1,null,3]"),
            utf8("[\"x\\\"y\"]"),
            utf8("{\"k\": 1}"),
            utf8("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            utf8("[1,5)"),
            utf8("NULL"),
            utf8("(1,2)"),
            utf8("x"),
        ],
    )
    .await;
    world.end().await;
}

#[tokio::test]
async fn numerics_without_precision_get_one_by_looking() {
    let Some(world) = World::postgres("numerics_without_precision_get_one_by_looking").await else { return };
    check(
        &world,
        "10000.0001::numeric a, 'NaN'::numeric b, 1e50::numeric + 0.5 c, NULL::numeric d, -0.00001::numeric e, 1e100::numeric f, 12.5::numeric(3, 1) g",
        &[
            (DataType::Decimal128(38, 4), "10000.0001"),
            (DataType::Utf8, "NaN"),
            (DataType::Decimal256(76, 1), "100000000000000000000000000000000000000000000000000.5"),
            (DataType::Decimal128(38, 0), "NULL"),
            (DataType::Decimal128(38, 5), "-0.00001"),
            (DataType::Utf8, &format!("1{}", "0".repeat(100))),
            (DataType::Decimal128(3, 1), "12.5"),
        ],
    )
    .await;
    world.end().await;
}

#[tokio::test]
async fn what_arrow_cannot_hold_is_told_with_column_and_row() {
    let Some(world) = World::postgres("what_arrow_cannot_hold_is_told_with_column_and_row").await else { return };
    for (sql, why) in [
        ("'infinity'::timestamptz", "infinity"),
        ("'-infinity'::date", "infinity"),
        ("'NaN'::numeric(5, 2)", "NaN"),
        ("time '24:00'", "24:00"),
    ] {
        let mut source = world.connector.read(ReadOptions::query(&format!("SELECT {sql} AS odd"))).await.unwrap();
        let error = source.next().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused);
        assert!(error.to_string().contains("`odd`, row 1") && error.to_string().contains(why), "{error}");
        assert!(source.next().await.unwrap().is_none());
    }
    world.end().await;
}

#[tokio::test]
async fn text_becomes_what_the_column_is_or_is_refused() {
    let Some(world) = World::postgres("text_becomes_what_the_column_is_or_is_refused").await else { return };
    world.connector.execute("CREATE TYPE mood AS ENUM ('ok', 'sad')").await.unwrap();
    world
        .connector
        .execute(
            "CREATE TABLE t (i int, n numeric(5,2), d date, z timestamptz, b boolean, u uuid, j jsonb, m mood, a int[], ip inet, v interval)",
        )
        .await
        .unwrap();
    let good = [
        ("i", "7"),
        ("n", "1.50"),
        ("d", "2024-02-29"),
        ("z", "2024-01-01T00:00:00+01:00"),
        ("b", "t"),
        ("u", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("j", "{\"k\": 1}"),
        ("m", "sad"),
        ("a", "[1,2,null]"),
        ("ip", "10.0.0.1"),
        ("v", "P1D"),
    ];
    let row = |values: &[(&str, &str)]| {
        records(
            values.iter().map(|(name, value)| (*name, Arc::new(StringArray::from(vec![*value])) as ArrayRef)).collect(),
        )
    };
    world.write(WriteOptions::append("t"), &row(&good)).await.unwrap();
    let read = world.rows("t", &[]).await;
    let texts: Vec<String> = read.columns().iter().map(|column| crate::cell::text(column, 0).unwrap()).collect();
    assert_eq!(
        texts,
        [
            "7",
            "1.50",
            "2024-02-29",
            "2023-12-31T23:00:00Z",
            "true",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "{\"k\": 1}",
            "sad",
            "[1,2,null]",
            "10.0.0.1",
            "P1D"
        ]
    );
    for (column, value) in [
        ("i", "7.5"),
        ("i", "2147483648"),
        ("n", "1.234"),
        ("n", "1000"),
        ("d", "2024-02-30"),
        ("b", "maybe"),
        ("u", "a0"),
        ("j", "{"),
        ("m", "happy"),
        ("a", "[x]"),
        ("ip", "10.0.0"),
    ] {
        let error = world.write(WriteOptions::append("t"), &row(&[(column, value)])).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused, "{column}: {value}: {error}");
        let kept = WriteOptions { keep_refused: true, ..WriteOptions::append("t") };
        assert_eq!(world.write(kept, &row(&[(column, value)])).await.unwrap().refused.len(), 1, "{column}: {value}");
    }
    assert_eq!(world.count("t").await, 1);
    world.end().await;
}

#[tokio::test]
async fn nothing_is_rounded_or_cut_on_the_way_in() {
    let Some(world) = World::postgres("nothing_is_rounded_or_cut_on_the_way_in").await else { return };
    world
        .connector
        .execute("CREATE TABLE t (i smallint, f real, n numeric(4,1), ms timestamp(3), d date, x text)")
        .await
        .unwrap();
    let refused: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(Int64Array::from(vec![40_000]))),
        ("i", Arc::new(Float64Array::from(vec![1.5]))),
        ("f", Arc::new(Float64Array::from(vec![0.1]))),
        ("f", Arc::new(Int64Array::from(vec![16_777_217]))),
        ("n", Arc::new(Decimal128Array::from(vec![125]).with_precision_and_scale(5, 2).unwrap())),
        ("ms", Arc::new(TimestampMicrosecondArray::from(vec![1]))),
        ("ms", Arc::new(TimestampNanosecondArray::from(vec![1]))),
        ("d", Arc::new(TimestampMicrosecondArray::from(vec![1]))),
        ("x", Arc::new(StringArray::from(vec!["a\0b"]))),
    ];
    for (column, array) in refused {
        let error = world.write(WriteOptions::append("t"), &records(vec![(column, array)])).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused);
        assert!(error.to_string().contains(&format!("`{column}`")) && error.to_string().contains("row 1"), "{error}");
    }
    assert_eq!(world.count("t").await, 0);
    world.end().await;
}

#[tokio::test]
async fn rows_with_null_in_a_nullable_key_all_stay() {
    let Some(world) = World::postgres("rows_with_null_in_a_nullable_key_all_stay").await else { return };
    world.connector.execute("CREATE TABLE t (k int UNIQUE, id bigint GENERATED ALWAYS AS IDENTITY)").await.unwrap();
    let rows = records(vec![("k", Arc::new(Int32Array::from(vec![None, None, Some(1), Some(1)])) as ArrayRef)]);
    world.write(keyed("t", Mode::Upsert, &["k"]), &rows).await.unwrap();
    assert_eq!(world.count("t").await, 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_attempt_elsewhere_ends_nothing_here() {
    let case = "a_later_attempt_elsewhere_ends_nothing_here";
    let (Some(here), Some(elsewhere)) = (World::postgres(case).await, World::postgres(case).await) else { return };
    let rows = named(&[(1, "a")]);
    let mut first = here.claimed("t", 1, &rows).await;
    first.write(&batch(1, &rows)).await.unwrap();
    // The same task by name, in the ledger of another schema.
    let mut second = elsewhere.claimed("t", 2, &rows).await;
    second.write(&batch(1, &rows)).await.unwrap();
    first.finish().await.unwrap();
    second.finish().await.unwrap();
    assert_eq!((here.count("t").await, elsewhere.count("t").await), (1, 1));
    here.end().await;
    elsewhere.end().await;
}

#[tokio::test]
async fn a_read_cannot_write() {
    let Some(world) = World::postgres("a_read_cannot_write").await else { return };
    world.connector.execute("CREATE SEQUENCE s").await.unwrap();
    let error = world.connector.read(ReadOptions::query("SELECT nextval('s') AS n")).await.err();
    let error = match error {
        Some(error) => error,
        None => {
            let mut source = world.connector.read(ReadOptions::query("SELECT nextval('s') AS n")).await.unwrap();
            source.next().await.unwrap_err()
        }
    };
    assert_eq!(error.code(), ErrorCode::PermissionDenied, "{error}");
    world.end().await;
}

#[tokio::test]
async fn reads_of_a_snapshot_see_one_moment() {
    let Some(world) = World::postgres("reads_of_a_snapshot_see_one_moment").await else { return };
    world.connector.execute("CREATE TABLE t (id bigint PRIMARY KEY); INSERT INTO t VALUES (1), (2)").await.unwrap();
    let snapshot = world.connector.snapshot().await.unwrap().unwrap();
    world.connector.execute("DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (3), (4)").await.unwrap();
    let at = |name: Option<&str>| ReadOptions { snapshot: name.map(str::to_owned), ..ReadOptions::table("t") };
    assert_eq!(world.read(at(Some(&snapshot.name))).await.num_rows(), 2);
    assert_eq!(world.read(at(None)).await.num_rows(), 3);
    let name = snapshot.name.clone();
    drop(snapshot);
    let gone = async {
        // The session that held it ends on its own.
        while world.connector.read(at(Some(&name))).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap();
    let error = world.connector.read(at(Some("' OR 1=1"))).await.err().unwrap();
    assert!(error.to_string().contains("snapshot"), "{error}");
    world.end().await;
}
