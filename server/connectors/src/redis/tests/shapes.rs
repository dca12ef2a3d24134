//! Every structure, written and read back, with every type and the ends of what it holds.

use super::*;
use arrow::array::*;
use arrow::datatypes::{DataType, i256};

/// Rows with every type, three of each, the last of NULLs.
fn extremes() -> (RecordBatch, serde_json::Value) {
    let wide = i256::from_string(&"9".repeat(76)).unwrap();
    let zoned = TimestampMicrosecondArray::from(vec![Some(-1), Some(253_402_300_799_999_999), None]);
    let columns: Vec<(&str, ArrayRef, &str)> = vec![
        ("id", Arc::new(StringArray::from(vec!["a", "日本 🦀", "c"])), "utf8"),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), "boolean"),
        ("i8", Arc::new(Int8Array::from(vec![Some(i8::MIN), Some(i8::MAX), None])), "int8"),
        ("i64", Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None])), "int64"),
        ("u64", Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(1 << 63), None])), "uint64"),
        ("f32", Arc::new(Float32Array::from(vec![Some(f32::MAX), Some(0.1), None])), "float32"),
        ("f64", Arc::new(Float64Array::from(vec![Some(f64::MIN_POSITIVE), Some(0.1), None])), "float64"),
        ("odd", Arc::new(Float64Array::from(vec![Some(f64::INFINITY), Some(f64::NEG_INFINITY), None])), "float64"),
        (
            "d38",
            Arc::new(
                Decimal128Array::from(vec![Some(10_i128.pow(38) - 1), Some(-1), None])
                    .with_precision_and_scale(38, 10)
                    .unwrap(),
            ),
            "decimal(38,10)",
        ),
        (
            "d76",
            Arc::new(
                Decimal256Array::from(vec![Some(wide), Some(wide.wrapping_neg()), None])
                    .with_precision_and_scale(76, 20)
                    .unwrap(),
            ),
            "decimal(76,20)",
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(-719_162), Some(2_932_896), None])), "date"),
        ("hour", Arc::new(Time64MicrosecondArray::from(vec![Some(0), Some(86_399_999_999), None])), "time"),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), Some(1), None])), "timestamp"),
        ("moment", Arc::new(zoned.with_timezone("UTC")), "timestamp_utc"),
        ("text", Arc::new(StringArray::from(vec![Some(""), Some("a\0'\"\n\u{10ffff}"), None])), "utf8"),
        ("bytes", Arc::new(BinaryArray::from_opt_vec(vec![Some(b"\x00\xff\r\n"), Some(b""), None])), "bytes"),
    ];
    let types: serde_json::Map<String, serde_json::Value> =
        columns.iter().map(|(name, _, word)| ((*name).to_owned(), (*word).into())).collect();
    let columns = columns.into_iter().map(|(name, array, _)| (name, array, true));
    (RecordBatch::try_from_iter_with_nullable(columns).unwrap(), json!({ "columns": types }))
}

fn same(read: &RecordBatch, written: &RecordBatch, left_out: &[&str]) {
    assert_eq!(read.num_rows(), written.num_rows());
    for (field, array) in written.schema().fields().iter().zip(written.columns()) {
        if left_out.contains(&field.name().as_str()) {
            continue;
        }
        let found = read.column_by_name(field.name()).unwrap_or_else(|| panic!("`{}` is gone", field.name()));
        assert_eq!(found, array, "values of `{}`", field.name());
    }
}

#[tokio::test]
async fn hashes_hold_every_type_and_its_ends() {
    let Some((redis, prefix)) = server("hashes_hold_every_type_and_its_ends") else { return };
    let (records, types) = extremes();
    let table = format!("{prefix}:{{id}}");
    put(&redis, plain(&table, Mode::Upsert, json!({})), &records).await.unwrap();
    let (found, _) = read(&redis, &table, types.clone()).await.unwrap();
    // Keys sort by their bytes: `a`, `c`, `日本 🦀`.
    let order = UInt32Array::from(vec![0, 2, 1]);
    let sorted = arrow::compute::take_record_batch(&records, &order).unwrap();
    same(&found, &sorted, &[]);
    // Without types all is text, but bytes that are none are named.
    let error = read(&redis, &table, json!({})).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert!(error.to_string().contains("`bytes`") && error.to_string().contains(&format!("{prefix}:a")), "{error}");
    // Digits beyond the largest number are not read as infinity.
    let mut connection = redis.connect().await.unwrap();
    let _: () =
        redis::cmd("HSET").arg(&[&format!("{prefix}-big:a"), "n", "1e39"]).query_async(&mut connection).await.unwrap();
    let error = read(&redis, &format!("{prefix}-big:*"), json!({ "columns": { "n": "float32" } })).await.unwrap_err();
    assert!(error.code() == ErrorCode::ValueRefused && error.to_string().contains("1e39"), "{error}");
    // A value that is not of the type that was said is named, too.
    let error = read(&redis, &table, json!({ "columns": { "text": "int64" } })).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    // NULL takes a field away, replace takes all away that is not written.
    let nulls = quotes(&[(Some("x"), Some(1))]);
    put(&redis, plain(&format!("{prefix}-q:{{symbol}}"), Mode::Upsert, json!({})), &nulls).await.unwrap();
    let less = quotes(&[(Some("x"), None)]);
    put(&redis, plain(&format!("{prefix}-q:{{symbol}}"), Mode::Replace, json!({})), &less).await.unwrap();
    let (found, _) = read(&redis, &format!("{prefix}-q:*"), json!({})).await.unwrap();
    assert_eq!(shown(&found, &prefix), ["-q:x|x"]);
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn rows_as_json_hold_every_type_and_its_ends() {
    let Some((redis, prefix)) = server("rows_as_json_hold_every_type_and_its_ends") else { return };
    let (records, types) = extremes();
    let mut types = types;
    types["json"] = true.into();
    // JSON has no bytes: they are hex there.
    types["columns"]["bytes"] = "utf8".into();
    for (structure, table) in
        [("string", format!("{prefix}-s:{{id}}")), ("list", format!("{prefix}-l")), ("set", format!("{prefix}-m"))]
    {
        put(&redis, plain(&table, Mode::Append, json!({ "structure": structure })), &records).await.unwrap();
        let (found, _) = read(&redis, &table, types.clone()).await.unwrap();
        let ids = found.column_by_name("id").unwrap().as_string::<i32>();
        let order: UInt32Array = (0..3)
            .map(|row| ["a", "日本 🦀", "c"].iter().position(|id| *id == ids.value(row)).unwrap() as u32)
            .collect::<Vec<_>>()
            .into();
        same(&found, &arrow::compute::take_record_batch(&records, &order).unwrap(), &["bytes"]);
        let hex = found.column_by_name("bytes").unwrap().as_string::<i32>();
        assert!(hex.iter().any(|text| text == Some("00ff0d0a")), "{structure}");
    }
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn strings_sets_and_lists_of_one_column() {
    let Some((redis, prefix)) = server("strings_sets_and_lists_of_one_column") else { return };
    let records = quotes(&[(Some("A"), Some(1)), (Some("B"), Some(2)), (Some("A"), Some(3))]);
    let table = format!("{prefix}-s:{{symbol}}");
    put(&redis, plain(&table, Mode::Upsert, json!({ "structure": "string", "value": "price" })), &records)
        .await
        .unwrap();
    let (found, _) = read(&redis, &table, json!({ "columns": { "value": "int64" } })).await.unwrap();
    assert_eq!(shown(&found, &prefix), ["-s:A|3|A", "-s:B|2|B"]);
    // What is there stays where it was said so; NULL is a string that is not there.
    put(
        &redis,
        plain(&table, Mode::InsertIgnore, json!({ "structure": "string", "value": "price" })),
        &quotes(&[(Some("A"), Some(9)), (Some("C"), Some(9))]),
    )
    .await
    .unwrap();
    put(
        &redis,
        plain(&table, Mode::Upsert, json!({ "structure": "string", "value": "price" })),
        &quotes(&[(Some("B"), None)]),
    )
    .await
    .unwrap();
    let (found, _) = read(&redis, &table, json!({})).await.unwrap();
    assert_eq!(shown(&found, &prefix), ["-s:A|3|A", "-s:C|9|C"]);

    let table = format!("{prefix}-m:{{symbol}}");
    let set = json!({ "structure": "set", "member": "price" });
    put(&redis, plain(&table, Mode::Upsert, set.clone()), &records).await.unwrap();
    put(&redis, plain(&table, Mode::Upsert, set), &records).await.unwrap();
    let (found, _) = read(&redis, &table, json!({})).await.unwrap();
    let mut members = shown(&found, &prefix);
    members.sort();
    assert_eq!(members, ["-m:A|1|A", "-m:A|3|A", "-m:B|2|B"]);

    let table = format!("{prefix}-l:{{symbol}}");
    put(&redis, plain(&table, Mode::Append, json!({ "structure": "list", "value": "price" })), &records).await.unwrap();
    let (found, _) = read(&redis, &table, json!({})).await.unwrap();
    assert_eq!(shown(&found, &prefix), ["-l:A|0|1|A", "-l:A|1|3|A", "-l:B|0|2|B"]);
    assert_eq!(found.column_by_name("index").unwrap().data_type(), &DataType::Int64);
    assert_eq!(redis.count(&Relation::Table(table), None).await.unwrap(), 3);
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn sorted_sets_keep_scores_exactly_or_refuse_them() {
    let Some((redis, prefix)) = server("sorted_sets_keep_scores_exactly_or_refuse_them") else { return };
    let scores = Float64Array::from(vec![0.1, f64::INFINITY, f64::NEG_INFINITY, 1e300, -0.5]);
    let names = StringArray::from(vec!["a", "b", "c", "d", "e"]);
    let records =
        RecordBatch::try_from_iter([("name", Arc::new(names) as ArrayRef), ("score", Arc::new(scores) as ArrayRef)])
            .unwrap();
    let extra = json!({ "structure": "zset", "member": "name", "score": "score" });
    put(&redis, plain(&format!("{prefix}-z"), Mode::Upsert, extra.clone()), &records).await.unwrap();
    let (found, _) = read(&redis, &format!("{prefix}-z"), json!({})).await.unwrap();
    assert_eq!(shown(&found, &prefix), ["-z|c|-inf", "-z|e|-0.5", "-z|a|0.1", "-z|d|1e300", "-z|b|inf"]);
    let cases: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![f64::NAN])),
        Arc::new(Int64Array::from(vec![(1 << 53) + 1])),
        Arc::new(UInt64Array::from(vec![u64::MAX])),
        Arc::new(Decimal128Array::from(vec![1_234_567_890_123_456_789]).with_precision_and_scale(30, 2).unwrap()),
        Arc::new(StringArray::from(vec!["x"])),
        Arc::new(Float64Array::from(vec![None])),
    ];
    for score in cases {
        let name = Arc::new(StringArray::from(vec!["a"])) as ArrayRef;
        let records =
            RecordBatch::try_from_iter_with_nullable([("name", name, true), ("score", score.clone(), true)]).unwrap();
        let error =
            put(&redis, plain(&format!("{prefix}-z"), Mode::Upsert, extra.clone()), &records).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
        assert!(error.to_string().contains("`score`"), "{error}");
        let kept = WriteOptions { keep_refused: true, ..plain(&format!("{prefix}-z"), Mode::Upsert, extra.clone()) };
        assert_eq!(put(&redis, kept, &records).await.unwrap().refused.len(), 1);
    }
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn streams_are_read_in_order_and_go_on_at_a_checkpoint() {
    let Some((redis, prefix)) = server("streams_are_read_in_order_and_go_on_at_a_checkpoint") else { return };
    let (records, types) = extremes();
    let key = format!("{prefix}-x");
    put(&redis, plain(&key, Mode::Append, json!({ "structure": "stream" })), &records).await.unwrap();
    let (found, _) = read(&redis, &key, types).await.unwrap();
    same(&found, &records, &[]);
    let key = format!("{prefix}-y");
    let many: Vec<(Option<String>, Option<i64>)> = (0..2_500).map(|n| (Some(format!("S{n}")), Some(n))).collect();
    let many: Vec<(Option<&str>, Option<i64>)> = many.iter().map(|(s, n)| (s.as_deref(), *n)).collect();
    put(&redis, plain(&key, Mode::Append, json!({ "structure": "stream" })), &quotes(&many)).await.unwrap();
    let mut source = redis.read(ReadOptions::table(&key)).await.unwrap();
    assert_eq!(source.resume(), data::Resume::Checkpoint);
    let first = source.next().await.unwrap().unwrap();
    let mut rest =
        redis.read(ReadOptions { resume_at: first.checkpoint.clone(), ..ReadOptions::table(&key) }).await.unwrap();
    // What comes after the opening is not part of the read.
    put(&redis, plain(&key, Mode::Append, json!({ "structure": "stream" })), &quotes(&[(Some("late"), None)]))
        .await
        .unwrap();
    let mut count = first.records.num_rows();
    while let Some(batch) = rest.next().await.unwrap() {
        let prices = batch.records.column_by_name("price").unwrap().as_string::<i32>().clone();
        assert_eq!(prices.value(0), count.to_string());
        count += batch.records.num_rows();
    }
    assert_eq!(count, 2_500);
    // A stream that is kept short stays so, about.
    let short = json!({ "structure": "stream", "maxlen": 100 });
    put(&redis, plain(&key, Mode::Append, short), &quotes(&many)).await.unwrap();
    let left = redis.count(&Relation::Table(key.clone()), None).await.unwrap();
    assert!((100..1_000).contains(&left), "{left}");
    // The key's part of a template comes beside the fields.
    let of_board = format!("{prefix}-z:{{board}}");
    let _: String = redis::cmd("XADD")
        .arg(format!("{prefix}-z:main"))
        .arg(&["*", "n", "1"])
        .query_async(&mut redis.connect().await.unwrap())
        .await
        .unwrap();
    let mut source = redis.read(ReadOptions::table(&of_board)).await.unwrap();
    let found = source.next().await.unwrap().unwrap().records;
    assert_eq!(found.column_by_name("board").unwrap().as_string::<i32>().value(0), "main");
    let bad = ReadOptions { resume_at: Some(Checkpoint("x".into())), ..ReadOptions::table(&key) };
    assert_eq!(redis.read(bad).await.err().unwrap().code(), ErrorCode::ReplayImpossible);
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn large_collections_are_read_in_pieces() {
    let Some((redis, prefix)) = server("large_collections_are_read_in_pieces") else { return };
    let numbers: Int64Array = (0..20_000).collect();
    let records = RecordBatch::try_from_iter([("n", Arc::new(numbers) as ArrayRef)]).unwrap();
    for (structure, extra) in [
        ("set", json!({ "structure": "set", "member": "n" })),
        ("zset", json!({ "structure": "zset", "member": "n", "score": "n" })),
        ("list", json!({ "structure": "list", "value": "n" })),
    ] {
        let key = format!("{prefix}-{structure}");
        put(&redis, plain(&key, Mode::Append, extra), &records).await.unwrap();
        let column = if structure == "list" { "value" } else { "member" };
        let types = json!({ "structure": structure, "columns": { column: "int64" } });
        let (found, batches) = read(&redis, &key, types).await.unwrap();
        let mut found: Vec<i64> =
            found.column_by_name(column).unwrap().as_primitive::<arrow::datatypes::Int64Type>().values().to_vec();
        found.sort_unstable();
        assert!(found.into_iter().eq(0..20_000) && batches > 1, "{structure}");
        let limited = ReadOptions { limit: Some(10), ..ReadOptions::table(&key) };
        let first = redis.read(limited).await.unwrap().next().await.unwrap().unwrap();
        assert_eq!(first.records.num_rows(), 10);
    }
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn a_hundred_thousand_hashes_arrive_and_are_read_in_batches() {
    let Some((redis, prefix)) = server("a_hundred_thousand_hashes_arrive_and_are_read_in_batches") else { return };
    let table = format!("{prefix}:{{id}}");
    let part = |from: i64| {
        let ids: Int64Array = (from..from + 10_000).collect();
        let names: StringArray = (from..from + 10_000).map(|id| Some(format!("name {id}"))).collect();
        RecordBatch::try_from_iter([("id", Arc::new(ids) as ArrayRef), ("name", Arc::new(names) as ArrayRef)]).unwrap()
    };
    let refused = redis.write(part(0).schema(), options(&prefix, 1)).await.err();
    assert_eq!(refused.unwrap().code(), ErrorCode::ColumnNotFound);
    let options = WriteOptions { table: table.clone(), ..options(&prefix, 1) };
    let mut sink = redis.write(part(0).schema(), options).await.unwrap();
    sink.claim(&Lane::new("bars")).await.unwrap();
    for number in 0..10 {
        sink.write(&batch(number as u64 + 1, part(number * 10_000))).await.unwrap();
    }
    sink.finish().await.unwrap();
    assert_eq!(redis.count(&Relation::Table(table.clone()), None).await.unwrap(), 100_000);
    let mut source = redis.read(ReadOptions::table(&table)).await.unwrap();
    let (mut sum, mut rows) = (0_i64, 0);
    while let Some(batch) = source.next().await.unwrap() {
        assert!(batch.records.num_rows() <= data::BATCH_ROWS);
        rows += batch.records.num_rows();
        let ids = batch.records.column_by_name("id").unwrap().as_string::<i32>().clone();
        sum += ids.iter().map(|id| id.unwrap().parse::<i64>().unwrap()).sum::<i64>();
    }
    assert_eq!((rows, sum), (100_000, (0..100_000).sum()));
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn tables_are_groups_of_keys() {
    let Some((redis, prefix)) = server("tables_are_groups_of_keys") else { return };
    put(&redis, plain(&format!("{prefix}:q:{{symbol}}"), Mode::Upsert, json!({})), &quotes(&[(Some("A"), Some(1))]))
        .await
        .unwrap();
    assert!(!redis.list_tables().await.unwrap().is_empty());
    let mut connection = redis.connect().await.unwrap();
    let sample = scan::sample(&mut connection, &redis.config, usize::MAX, true).await.unwrap();
    let group = &sample.groups[&format!("{prefix}:q:*")];
    assert_eq!((group.keys, group.kinds.get("hash")), (1, Some(&1)));
    assert!(group.bytes > 0 && !sample.partial);
    let found = redis.find_table(&format!("{prefix}:q:*")).await.unwrap().unwrap();
    let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, found.row_estimate), (vec!["_key", "price", "symbol"], Some(1)));
    assert_eq!(redis.find_table(&format!("{prefix}:absent:*")).await.unwrap(), None);
    let inspected = redis.inspect().await.unwrap();
    assert!(inspected.version.starts_with("Redis ") && inspected.connections.unwrap().open >= 1);
    assert!(inspected.figures.iter().any(|(name, value)| name == "used_memory_bytes" && *value > 0.0));
    clear(&redis, &prefix).await;
}
