use super::*;
use crate::mysql::value::Builder;
use arrow::datatypes::i256;
use mysql_async::Value;

/// `rows` rows of every type that is written, each value different.
fn every_type(rows: i64) -> RecordBatch {
    let ids = || 0..rows;
    let wide = Decimal256Array::from_iter_values(ids().map(|id| i256::from_i128(i128::from(id) * 10_i128.pow(30) - 1)));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("k", Arc::new(Int64Array::from_iter_values(ids()))),
        ("flag", Arc::new(BooleanArray::from_iter(ids().map(|id| (id % 3 > 0).then_some(id % 2 == 0))))),
        ("big", Arc::new(UInt64Array::from_iter_values(ids().map(|id| u64::MAX - id as u64)))),
        (
            "price",
            Arc::new(
                Decimal128Array::from_iter_values(ids().map(|id| i128::from(id) * 7 - 500))
                    .with_precision_and_scale(18, 4)
                    .unwrap(),
            ),
        ),
        ("wide", Arc::new(wide.with_precision_and_scale(65, 30).unwrap())),
        ("single", Arc::new(Float32Array::from_iter_values(ids().map(|id| id as f32 * 0.1)))),
        ("ratio", Arc::new(Float64Array::from_iter_values(ids().map(|id| (id as f64 - 9.0) * 1e-7 / 3.0)))),
        ("day", Arc::new(Date32Array::from_iter_values(ids().map(|id| id as i32 - 5)))),
        ("moment", Arc::new(TimestampMicrosecondArray::from_iter_values(ids().map(|id| id * 1_234_567_891)))),
        ("clock", Arc::new(Time64MicrosecondArray::from_iter_values(ids().map(|id| id * 1_000_003)))),
        (
            "text",
            Arc::new(StringArray::from_iter(ids().map(|id| (id % 7 > 0).then(|| format!("a'\\\"\t\n\0\r🎬{id} \\N"))))),
        ),
        (
            "bytes",
            Arc::new(BinaryArray::from_iter(ids().map(|id| (id % 5 > 0).then(|| vec![0, 255, 39, 92, 10, id as u8])))),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// A connector that does or does not load.
fn loading(own: &Mysql, load_data: bool) -> Mysql {
    let mut config = (*own.config).clone();
    config.load_data = load_data;
    Mysql::new(config, own.connections.secret(), &Gate::with_private())
}

async fn loads(mysql: &Mysql) -> u64 {
    let mut connection = mysql.connect().await.unwrap();
    let told: Option<(String, u64)> = connection.query_first("SHOW GLOBAL STATUS LIKE 'Com_load'").await.unwrap();
    told.unwrap().1
}

#[tokio::test]
async fn a_loaded_batch_is_the_inserted_one() {
    let Some(own) = server("a_loaded_batch_is_the_inserted_one").await else { return };
    let (loading_one, inserting) = (loading(&own.0, true), loading(&own.0, false));
    let records = every_type(1_000);
    let before = loads(&own.0).await;
    write(&loading_one, WriteOptions::append("loaded"), records.clone()).await.unwrap();
    assert!(loads(&own.0).await > before, "the batch was loaded");
    write(&inserting, WriteOptions::append("inserted"), records).await.unwrap();
    let order = |table: &str| ReadOptions { order_by: vec!["k".into()], ..ReadOptions::table(table) };
    let loaded = rows(&own.0, order("loaded")).await;
    assert_eq!(loaded, rows(&own.0, order("inserted")).await);
    assert_eq!(
        loaded[1],
        "1|0|18446744073709551614|-0.0493|0.999999999999999999999999999999|0.1|-2.6666666666666667e-7|1969-12-28|1970-01-01T00:20:34.567891|00:00:01.000003|a'\\\"\t\n\0\r🎬1 \\N|00ff275c0a01"
    );
    drop_database(own).await;
}

#[tokio::test]
async fn a_row_that_a_load_would_swallow_is_named() {
    let Some(own) = server("a_row_that_a_load_would_swallow_is_named").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE t (k BIGINT PRIMARY KEY, v VARCHAR(5) NOT NULL CHECK (v <> 'bad'))").await.unwrap();
    let mut values: Vec<(i64, Option<&str>)> = (0..1_000).map(|k| (k, Some("x"))).collect();
    values[300].1 = Some("too long");
    values[400].0 = 7;
    values[500].1 = None;
    values[600].1 = Some("bad");
    let error = write(mysql, keyed(Mode::Append), pairs(&values)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused);
    assert!(error.to_string().contains("row 301"), "{error}");
    assert_eq!(mysql.count(&Relation::Table("t".into()), None).await.unwrap(), 0);
    let kept = WriteOptions { keep_refused: true, ..keyed(Mode::Append) };
    let written = write(mysql, kept, pairs(&values)).await.unwrap();
    assert_eq!(written.refused.iter().map(|row| row.row).collect::<Vec<_>>(), [300, 400, 500, 600]);
    assert_eq!(mysql.count(&Relation::Table("t".into()), None).await.unwrap(), 996);
    drop_database(own).await;
}

#[tokio::test]
async fn a_value_that_would_be_cut_or_rounded_is_refused() {
    let Some(own) = server("a_value_that_would_be_cut_or_rounded_is_refused").await else { return };
    let mysql = &own.0;
    let check = async |native_type: &str, array: ArrayRef, told: &str| {
        mysql.execute(&format!("CREATE OR REPLACE TABLE t (v {native_type})")).await.unwrap();
        let records = RecordBatch::try_from_iter([("v", array)]).unwrap();
        let error = write(mysql, WriteOptions::append("t"), records.clone()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused, "{native_type}: {error}");
        assert!(error.to_string().contains("row 2") && error.to_string().contains(told), "{native_type}: {error}");
        let kept = WriteOptions { keep_refused: true, ..WriteOptions::append("t") };
        let written = write(mysql, kept, records).await.unwrap();
        assert_eq!((written.rows, written.refused[0].row), (1, 1), "{native_type}");
        assert_eq!(rows(mysql, ReadOptions::table("t")).await.len(), 1);
    };
    let floats = |values: [f64; 2]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let texts = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    check("INT", floats([1.0, 1.5]), "whole numbers").await;
    check("FLOAT", floats([0.5, 0.1]), "round").await;
    check("DOUBLE", floats([0.5, f64::NAN]), "NaN").await;
    check("DOUBLE", floats([0.5, f64::INFINITY]), "inf").await;
    check("DECIMAL(10,2)", floats([0.25, 0.125]), "round").await;
    check("DATETIME", Arc::new(TimestampMicrosecondArray::from(vec![0, 1])), "finer").await;
    check("DATE", Arc::new(TimestampMicrosecondArray::from(vec![0, 1])), "days").await;
    check("VARCHAR(3)", texts(["abc", "abc  "]), "'v'").await;
    check("CHAR(5)", texts(["abc", "abc "]), "spaces").await;
    check("VARCHAR(9) CHARACTER SET latin1", texts(["é", "股"]), "Incorrect string value").await;
    check("VARCHAR(9) CHARACTER SET utf8mb3", texts(["股", "🎬"]), "Incorrect string value").await;
    check("ENUM('a')", texts(["a", "b"]), "'v'").await;
    check("JSON", texts(["{}", "{"]), "").await;
    mysql.execute("CREATE TABLE bits (v BIT(64))").await.unwrap();
    let bits =
        RecordBatch::try_from_iter([("v", Arc::new(UInt64Array::from(vec![53, u64::MAX])) as ArrayRef)]).unwrap();
    write(mysql, WriteOptions::append("bits"), bits).await.unwrap();
    assert_eq!(rows(mysql, ReadOptions::table("bits")).await, ["53", "18446744073709551615"]);
    check("TINYINT UNSIGNED", Arc::new(Int64Array::from(vec![255, -1])), "'v'").await;
    check("TIMESTAMP(6)", Arc::new(TimestampMicrosecondArray::from(vec![1_000_000, -1])), "Incorrect datetime value")
        .await;
    drop_database(own).await;
}

#[tokio::test]
async fn extreme_values_of_every_type_are_read() {
    let Some(own) = server("extreme_values_of_every_type_are_read").await else { return };
    let mysql = &own.0;
    mysql
        .execute(
            "CREATE TABLE t (k INT PRIMARY KEY, a BIGINT UNSIGNED, b BIGINT, c DECIMAL(65,30), d FLOAT, e DOUBLE, f BIT(64), g BIT(1),
             h YEAR, i TIME, j POINT, l VARCHAR(9) CHARACTER SET latin1, m CHAR(3), n BINARY(3), o MEDIUMINT UNSIGNED,
             p TIMESTAMP(6) NULL, q DECIMAL(65,0) UNSIGNED, r SET('a','b'))",
        )
        .await
        .unwrap();
    mysql
        .execute(
            "INSERT INTO t VALUES
             (1, 18446744073709551615, -9223372036854775808, '-99999999999999999999999999999999999.999999999999999999999999999999',
              3.4028234663852886e38, 1.7976931348623157e308, b'1111111111111111111111111111111111111111111111111111111111111111', b'1',
              2155, '838:59:59', ST_GeomFromText('POINT(1 2)'), 'é€', 'a', x'00', 16777215, '2038-01-19 03:14:07.999999', REPEAT('9', 65), 'a,b'),
             (2, 0, 9223372036854775807, '0.000000000000000000000000000001', 1.401298464324817e-45, 5e-324, 0, 0, 1901, '-838:59:59',
              NULL, '', '', '', 0, '1970-01-01 00:00:01', 0, '')",
        )
        .await
        .unwrap();
    let shown = rows(mysql, ReadOptions { order_by: vec!["k".into()], ..ReadOptions::table("t") }).await;
    assert_eq!(
        shown,
        [
            "1|18446744073709551615|-9223372036854775808|-99999999999999999999999999999999999.999999999999999999999999999999|3.4028235e38|1.7976931348623157e308|18446744073709551615|true|2155|838:59:59|000000000101000000000000000000f03f0000000000000040|é€|a|000000|16777215|2038-01-19T03:14:07.999999Z|99999999999999999999999999999999999999999999999999999999999999999|a,b",
            "2|0|9223372036854775807|0.000000000000000000000000000001|1e-45|5e-324|0|false|1901|-838:59:59|NULL|||000000|0|1970-01-01T00:00:01Z|0|",
        ]
    );
    if mysql.ping().await.unwrap().starts_with("MariaDB") {
        mysql.execute("CREATE TABLE u (a UUID, b INET6)").await.unwrap();
        mysql.execute("INSERT INTO u VALUES ('123E4567-e89b-12d3-a456-426655440000', '::ffff:1.2.3.4')").await.unwrap();
        assert_eq!(rows(mysql, ReadOptions::table("u")).await, ["123e4567-e89b-12d3-a456-426655440000|::ffff:1.2.3.4"]);
    }
    drop_database(own).await;
}

#[tokio::test]
async fn zero_dates_are_null_or_an_error_as_the_connection_says() {
    let Some(own) = server("zero_dates_are_null_or_an_error_as_the_connection_says").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE t (k INT PRIMARY KEY, d DATE, m DATETIME)").await.unwrap();
    mysql
        .execute("INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00 00:00:00'), (2, '2024-00-01', '2024-05-00 01:02:03'), (3, '2024-01-01', NULL)")
        .await
        .unwrap();
    let read = || ReadOptions { order_by: vec!["k".into()], ..ReadOptions::table("t") };
    assert_eq!(rows(mysql, read()).await, ["1|NULL|NULL", "2|NULL|NULL", "3|2024-01-01|NULL"]);
    let mut config = (*mysql.config).clone();
    config.zero_dates = ZeroDates::Error;
    let strict = Mysql::new(config, mysql.connections.secret(), &Gate::with_private());
    let error = strict.read(read()).await.unwrap().next().await.unwrap_err();
    assert!(error.to_string().contains("`d` holds the zero date `0000-00-00`"), "{error}");
    drop_database(own).await;
}

#[test]
fn nulled_dates_are_counted_and_odd_bytes_are_named() {
    let mut days = Builder::new("d", &DataType::Date32, ZeroDates::Null);
    for value in [Value::Date(0, 0, 0, 0, 0, 0, 0), Value::Date(2024, 1, 1, 0, 0, 0, 0), Value::NULL] {
        days.push(&value).unwrap();
    }
    assert_eq!(days.nulled(), Some(("d", 1)));
    let mut texts = Builder::new("t", &DataType::Utf8, ZeroDates::Null);
    let why = texts.push(&Value::Bytes(vec![b'a', 0xff])).unwrap_err();
    assert!(why.contains("`t` holds bytes that are not UTF-8"), "{why}");
}

#[tokio::test]
async fn types_without_a_peer_are_read_as_text_or_bytes() {
    let Some(own) = server("types_without_a_peer_are_read_as_text_or_bytes").await else { return };
    let mysql = &own.0;
    mysql
        .execute(
            "CREATE TABLE t (a INET6, b INET4, c UUID, d GEOMETRY, e POINT, f JSON, g BIT(9), h SET('x','y'), i YEAR); \
             INSERT INTO t VALUES ('2001:db8::1', '10.0.0.1', '123e4567-e89b-12d3-a456-426655440000', \
             ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('POINT(1 2)'), '{\"a\": 1}', b'100000001', 'x,y', 2024)",
        )
        .await
        .unwrap();
    let geometry = "000000000101000000000000000000f03f0000000000000040";
    let expected = [
        "2001:db8::1",
        "10.0.0.1",
        "123e4567-e89b-12d3-a456-426655440000",
        geometry,
        geometry,
        "{\"a\": 1}",
        "257",
        "x,y",
        "2024",
    ];
    for options in [ReadOptions::table("t"), ReadOptions::query("SELECT * FROM t")] {
        assert_eq!(super::rows(mysql, options).await, [expected.join("|")]);
    }
    let console = data::ConsoleRequest {
        sql: "SELECT * FROM t".to_owned(),
        params: Vec::new(),
        write: false,
        limits: data::ConsoleLimits::default(),
    };
    let answer = mysql.console(console).await.unwrap();
    let found: Vec<String> =
        answer.batches[0].columns().iter().map(|column| crate::cell::text(column, 0).unwrap()).collect();
    assert_eq!(found, expected);
    assert!(mysql.ping().await.is_ok());
    drop_database(own).await;
}
