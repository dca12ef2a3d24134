//! Values at the ends of their types: they survive, or are refused by name.

use crate::suite::world::{World, records};
use arrow::array::*;
use arrow::datatypes::DataType;
use data::WriteOptions;
use data::connector::ReadOptions;
use model::ErrorCode;
use std::sync::Arc;

/// Writes a column into `t`, reads it back and compares.
async fn survives(world: &World, column: &str, array: ArrayRef) {
    world.connector.execute("TRUNCATE t").await.unwrap();
    world.write(WriteOptions::append("t"), &records(vec![(column, array.clone())])).await.unwrap();
    let options = ReadOptions { columns: vec![column.to_owned()], ..ReadOptions::table("t") };
    let read = world.read(options).await;
    assert_eq!(read.column(0), &array, "{column}");
}

#[tokio::test]
async fn values_at_the_ends_of_their_types_survive() {
    let Some(world) = World::postgres("values_at_the_ends_of_their_types_survive").await else { return };
    world
        .connector
        .execute(
            "CREATE TABLE t (f4 real, f8 double precision, n numeric, n5 numeric(5,2), d date, ts timestamp, tz timestamptz, \
             u8 numeric(20,0), x text, b bytea, j jsonb, v varchar(3), c char(3), a text[], i interval, m money)",
        )
        .await
        .unwrap();
    let infinite = f64::INFINITY;
    survives(&world, "f8", Arc::new(Float64Array::from(vec![f64::NAN, infinite, -infinite, -0.0, f64::MIN_POSITIVE])))
        .await;
    survives(&world, "f4", Arc::new(Float32Array::from(vec![f32::NAN, f32::INFINITY, -f32::INFINITY, f32::MAX]))).await;
    // `numeric` with NaN is text, both ways; so are numbers of more digits than Arrow has.
    survives(&world, "n", Arc::new(StringArray::from(vec!["NaN", "Infinity", "-Infinity", "1.50"]))).await;
    survives(&world, "n", Arc::new(StringArray::from(vec![format!("-{}.5", "9".repeat(131_072)), "0.5".to_owned()])))
        .await;
    let fine = format!("0.{}1", "0".repeat(16_382));
    survives(&world, "n", Arc::new(StringArray::from(vec![fine]))).await;
    // The first day is 4713-11-24 BC, the last one in the year 5874897.
    survives(&world, "d", Arc::new(Date32Array::from(vec![-2_440_588, -800_000, -719_163, 2_145_042_905]))).await;
    let micros = vec![-210_866_803_200_000_000i64, -62_135_596_800_000_001, 9_223_371_331_200_000_000 - 1];
    survives(&world, "ts", Arc::new(TimestampMicrosecondArray::from(micros.clone()))).await;
    survives(&world, "tz", Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))).await;
    survives(&world, "a", Arc::new(StringArray::from(vec!["[]", "[null,\"NULL\",\"a\\\"b\\\\\"]"]))).await;
    survives(&world, "x", Arc::new(StringArray::from(vec!["", "\u{1}\u{10ffff}", "x\\0"]))).await;
    world.end().await;
}

#[tokio::test]
async fn unsigned_integers_come_back_as_whole_decimals() {
    let Some(world) = World::postgres("unsigned_integers_come_back_as_whole_decimals").await else { return };
    let large: ArrayRef = Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(0), None]));
    world.write(WriteOptions::append("u"), &records(vec![("n", large)])).await.unwrap();
    let read = world.rows("u", &[]).await;
    assert_eq!(read.schema().field(0).data_type(), &DataType::Decimal128(20, 0));
    assert_eq!(crate::cell::text(read.column(0), 0).as_deref(), Some("18446744073709551615"));
    world.end().await;
}

#[tokio::test]
async fn what_a_column_cannot_hold_is_refused_by_name() {
    let Some(world) = World::postgres("what_a_column_cannot_hold_is_refused_by_name").await else { return };
    world
        .connector
        .execute("CREATE TABLE t (n numeric, n5 numeric(5,2), d date, tz timestamptz, x text, j jsonb, k json, v varchar(3), b bytea)")
        .await
        .unwrap();
    let text = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let refused: Vec<(&str, ArrayRef, &str)> = vec![
        ("n5", text("Infinity"), "infinity"),
        ("n5", Arc::new(Float64Array::from(vec![f64::NEG_INFINITY])), "infinity"),
        ("n", text(&"9".repeat(131_073)), "more digits"),
        ("n", text("1e5"), "no decimal"),
        ("d", Arc::new(Date32Array::from(vec![i32::MAX])), "range"),
        ("d", Arc::new(Date32Array::from(vec![-2_440_589])), "range"),
        ("tz", Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN]).with_timezone("UTC")), "range"),
        ("tz", Arc::new(TimestampNanosecondArray::from(vec![1]).with_timezone("UTC")), "finer"),
        ("x", text("a\0b"), "NUL"),
        ("j", text("{\"a\": \"\\u0000\"}"), "\\u0000"),
        ("v", text("日本語字"), "too long"),
        ("b", text("text"), "bytes"),
    ];
    for (column, array, told) in refused {
        let error = world.write(WriteOptions::append("t"), &records(vec![(column, array)])).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused, "{column}: {error}");
        assert!(error.to_string().contains(told), "{column}: {error}");
        assert!(error.to_string().len() < 600, "a message repeats a whole value");
    }
    assert_eq!(world.count("t").await, 0);
    world.end().await;
}

#[tokio::test]
async fn infinite_dates_travel_as_text() {
    let Some(world) = World::postgres("infinite_dates_travel_as_text").await else { return };
    world.connector.execute("CREATE TABLE s (d date, ts timestamp, tz timestamptz)").await.unwrap();
    world.connector.execute("CREATE TABLE t (LIKE s)").await.unwrap();
    world.connector.execute("INSERT INTO s VALUES ('infinity', '-infinity', 'infinity')").await.unwrap();
    let rows = world.read(ReadOptions::query("SELECT d::text, ts::text, tz::text FROM s")).await;
    world.write(WriteOptions::append("t"), &rows).await.unwrap();
    let same = "SELECT count(*) AS n FROM s JOIN t USING (d, ts, tz)";
    let count = world.read(ReadOptions::query(same)).await;
    assert_eq!(crate::cell::text(count.column(0), 0).as_deref(), Some("1"));
    world.end().await;
}

#[tokio::test]
async fn types_without_a_peer_are_read_as_their_text() {
    let Some(world) = World::postgres("types_without_a_peer_are_read_as_their_text").await else { return };
    world
        .connector
        .execute(
            "CREATE TYPE mood AS ENUM ('ok', 'sad'); CREATE DOMAIN price AS numeric(10,2) CHECK (value > 0); \
             CREATE TYPE pair AS (a int, b text); CREATE TYPE lengths AS RANGE (subtype = float8); \
             CREATE TABLE t (a mood, b price, c pair, d lengths, e tsvector, f pg_lsn, g xml, h mood[], i int4multirange); \
             INSERT INTO t VALUES ('sad', 9.5, (1, 'x'), '[1,2)', 'fat cat', '16/B374D848', '<a/>', '{ok,sad}', '{[1,3)}')",
        )
        .await
        .unwrap();
    let expected =
        ["sad", "9.50", "(1,x)", "[1,2)", "'cat' 'fat'", "16/B374D848", "<a/>", "[\"ok\",\"sad\"]", "{[1,3)}"];
    for options in [data::connector::ReadOptions::table("t"), data::connector::ReadOptions::query("SELECT * FROM t")] {
        let rows = world.read(options).await;
        let found: Vec<String> = rows.columns().iter().map(|column| crate::cell::text(column, 0).unwrap()).collect();
        assert_eq!(found, expected);
    }
    let described = world.connector.find_table("t").await.unwrap().unwrap();
    let native: Vec<&str> = described.columns.iter().map(|column| column.native_type.as_str()).collect();
    assert!(native[0].ends_with("mood") && native[3].ends_with("lengths") && native[4] == "tsvector", "{native:?}");
    assert!(world.connector.ping().await.is_ok());
    world.end().await;
}
